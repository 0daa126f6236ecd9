# Every example is built and run; those that need files get the recorded ones.
file(GLOB examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
foreach(source IN LISTS examples)
  get_filename_component(name ${source} NAME_WE)
  if(NOT TARGET example_${name})
    continue()
  endif()
  set(arguments "")
  if(name STREQUAL "01_matte_one_image")
    set(arguments ${CMAKE_CURRENT_BINARY_DIR}/sample/image.png ${CMAKE_CURRENT_BINARY_DIR}/sample/trimap.png
                  ${CMAKE_CURRENT_BINARY_DIR}/alpha.png ${CMAKE_CURRENT_BINARY_DIR}/composite.png)
  endif()
  if(name STREQUAL "07_background_matting")
    set(arguments ${CMAKE_CURRENT_BINARY_DIR}/sample/image.png ${CMAKE_CURRENT_BINARY_DIR}/sample/plate.png
                  ${CMAKE_CURRENT_BINARY_DIR}/net_alpha.png ${CMAKE_CURRENT_BINARY_DIR}/net_foreground.png)
  endif()
  add_test(NAME "examples: ${name}" COMMAND example_${name} ${arguments})
endforeach()
add_test(NAME "examples: sample" COMMAND hairline_render_sample ${CMAKE_CURRENT_BINARY_DIR}/sample)
set_tests_properties("examples: sample" PROPERTIES FIXTURES_SETUP sample_rendered)
set_tests_properties("examples: 01_matte_one_image" "examples: 07_background_matting"
                     PROPERTIES FIXTURES_REQUIRED sample_rendered)
