# The built command, run as people run it: one test a group of cases.
if(TARGET hairline_tool)
  foreach(group WrongUse BadFiles Matte Pipes Batches OddNames Evaluation OtherVerbs Weights)
    add_test(NAME "tool: ${group}"
             COMMAND ${HAIRLINE_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/tool_test.py $<TARGET_FILE:hairline_tool> ${group})
    set_tests_properties("tool: ${group}" PROPERTIES TIMEOUT 600 ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endif()
