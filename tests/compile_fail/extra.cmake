# What cannot be right must not compile: each source builds as it stands and fails with -DHAIRLINE_SHOULD_FAIL,
# with the message that its first line promises.
file(GLOB failing CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
set(include_flags "$<LIST:TRANSFORM,$<LIST:REMOVE_DUPLICATES,$<TARGET_PROPERTY:test_core,INCLUDE_DIRECTORIES>>,PREPEND,-I>")
foreach(source IN LISTS failing)
  get_filename_component(stem ${source} NAME_WE)
  add_test(NAME "compile_fail: ${stem}"
           COMMAND ${HAIRLINE_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/must_fail.py ${CMAKE_CXX_COMPILER} ${source}
                   -I${PROJECT_SOURCE_DIR}/include ${include_flags}
           COMMAND_EXPAND_LISTS)
endforeach()
