# Every header compiles alone, with GCC and with Clang 14, and two sources that include them all link together.
find_program(HAIRLINE_CLANG NAMES clang++-14 clang++)
set(include_flags "$<LIST:TRANSFORM,$<LIST:REMOVE_DUPLICATES,$<TARGET_PROPERTY:test_core,INCLUDE_DIRECTORIES>>,PREPEND,-I>")
foreach(compiler IN ITEMS ${CMAKE_CXX_COMPILER} ${HAIRLINE_CLANG})
  get_filename_component(compiler_name ${compiler} NAME)
  add_test(NAME "headers: each alone with ${compiler_name}"
           COMMAND ${HAIRLINE_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/each_alone.py ${compiler} ${PROJECT_SOURCE_DIR}/include
                   ${include_flags}
           COMMAND_EXPAND_LISTS)
  set_tests_properties("headers: each alone with ${compiler_name}" PROPERTIES TIMEOUT 1200 PROCESSORS 2)
endforeach()

add_test(NAME "headers: two sources link"
         COMMAND ${HAIRLINE_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/two_sources.py ${CMAKE_CXX_COMPILER}
                 ${PROJECT_SOURCE_DIR}/include ${CMAKE_CURRENT_BINARY_DIR} ${include_flags}
         COMMAND_EXPAND_LISTS)
set_tests_properties("headers: two sources link" PROPERTIES TIMEOUT 600 PROCESSORS 2)
