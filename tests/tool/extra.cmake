# The built command, run as people run it: one test a group of cases.
if(TARGET hairline_tool)
  foreach(group WrongUse BadFiles Matte Pipes Batches OddNames Evaluation OtherVerbs Weights Synth)
    add_test(NAME "tool: ${group}"
             COMMAND ${HAIRLINE_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/tool_test.py $<TARGET_FILE:hairline_tool> ${group})
    set_tests_properties("tool: ${group}" PROPERTIES TIMEOUT 600 ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
  endforeach()
  # Networks: against the headers' own results, so in C++.
  add_executable(test_tool_networks ${CMAKE_CURRENT_LIST_DIR}/network_matte.cpp)
  target_include_directories(test_tool_networks PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(test_tool_networks PRIVATE hairline_test_main Catch2::Catch2 hairline::nets hairline::io)
  target_compile_definitions(test_tool_networks PRIVATE HAIRLINE_TOOL="$<TARGET_FILE:hairline_tool>"
                             HAIRLINE_HAVE_KERNELS=$<BOOL:$<TARGET_EXISTS:hairline::kernels_image>>)
  add_dependencies(test_tool_networks hairline_tool)
  catch_discover_tests(test_tool_networks TEST_PREFIX "tool: " PROPERTIES TIMEOUT 600)
endif()
