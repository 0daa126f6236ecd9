# The built command, run as people run it: one test a group of cases.
if(TARGET hairline_tool)
  foreach(group WrongUse BadFiles Matte Pipes Batches OddNames Evaluation OtherVerbs Weights Synth)
    add_test(NAME "tool: ${group}"
             COMMAND ${HAIRLINE_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/tool_test.py $<TARGET_FILE:hairline_tool> ${group})
    set_tests_properties("tool: ${group}" PROPERTIES TIMEOUT 600 ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
  endforeach()
  # The weights that the command brings along; it does not test them again each time it starts.
  add_test(NAME "tool: default weights" COMMAND hairline_tool weights check ${PROJECT_SOURCE_DIR}/weights/default.safetensors
                                                --net slim)
  # Training, where the Python of the build has torch; elsewhere the test says that it is skipped.
  add_test(NAME "tool: hairline_train" COMMAND ${HAIRLINE_PYTHON} ${PROJECT_SOURCE_DIR}/python/tests/test_hairline_train.py
                                               $<TARGET_FILE:hairline_tool>)
  set_tests_properties("tool: hairline_train" PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77 ENVIRONMENT
                                                         "PYTHONDONTWRITEBYTECODE=1")
  # Networks: against the headers' own results, so in C++.
  add_executable(test_tool_networks ${CMAKE_CURRENT_LIST_DIR}/network_matte.cpp)
  target_include_directories(test_tool_networks PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(test_tool_networks PRIVATE hairline_test_main Catch2::Catch2 hairline::nets hairline::io)
  target_compile_definitions(test_tool_networks PRIVATE HAIRLINE_TOOL="$<TARGET_FILE:hairline_tool>"
                             HAIRLINE_HAVE_KERNELS=$<BOOL:$<TARGET_EXISTS:hairline::kernels_image>>)
  add_dependencies(test_tool_networks hairline_tool)
  catch_discover_tests(test_tool_networks TEST_PREFIX "tool: " PROPERTIES TIMEOUT 600)
endif()
