# The scenes as Python gets them.
if(TARGET hairline_synth_shared)
  add_dependencies(test_synth hairline_synth_shared)
  add_test(NAME "synth: batches for Python"
           COMMAND ${HAIRLINE_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/batch_test.py $<TARGET_FILE:hairline_synth_shared>)
  set_tests_properties("synth: batches for Python" PROPERTIES TIMEOUT 300 ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
endif()
