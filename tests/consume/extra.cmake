# Three strangers' projects: an installed hairline, FetchContent, add_subdirectory. Each is configured, built and run.
set(work ${CMAKE_CURRENT_BINARY_DIR}/consume)
add_test(NAME "consume: install"
         COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${work}/prefix)
set_tests_properties("consume: install" PROPERTIES FIXTURES_SETUP hairline_installed)
foreach(way find_package fetch_content add_subdirectory)
  add_test(NAME "consume: ${way}"
           COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${CMAKE_CURRENT_LIST_DIR}/${way} ${work}/${way}
                   --build-generator ${CMAKE_GENERATOR} --build-makeprogram ${CMAKE_MAKE_PROGRAM}
                   --build-options -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
                                   -DCMAKE_PREFIX_PATH=${work}/prefix -DHAIRLINE_SOURCE_DIR=${PROJECT_SOURCE_DIR}
                   --test-command consumer)
  set_tests_properties("consume: ${way}" PROPERTIES TIMEOUT 300)
endforeach()
set_tests_properties("consume: find_package" PROPERTIES FIXTURES_REQUIRED hairline_installed)
