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
  if(name STREQUAL "08_network_on_kernels")
    set(arguments ${CMAKE_CURRENT_BINARY_DIR}/sample/image.png ${CMAKE_CURRENT_BINARY_DIR}/sample/plate.png
                  ${CMAKE_CURRENT_BINARY_DIR}/kernels_alpha.png)
  endif()
  if(name STREQUAL "10_default_model_on_kernels")
    set(arguments ${CMAKE_CURRENT_BINARY_DIR}/sample/image.png ${CMAKE_CURRENT_BINARY_DIR}/sample/plate.png
                  ${PROJECT_SOURCE_DIR}/weights/default.safetensors ${CMAKE_CURRENT_BINARY_DIR}/default_alpha.png
                  ${CMAKE_CURRENT_BINARY_DIR}/default_colour.png)
  endif()
  if(name STREQUAL "09_procedural_scenes")
    set(arguments ${CMAKE_CURRENT_BINARY_DIR}/scene_)
  endif()
  add_test(NAME "examples: ${name}" COMMAND example_${name} ${arguments})
endforeach()
add_test(NAME "examples: sample" COMMAND hairline_render_sample ${CMAKE_CURRENT_BINARY_DIR}/sample)
set_tests_properties("examples: sample" PROPERTIES FIXTURES_SETUP sample_rendered)
foreach(name 01_matte_one_image 07_background_matting 08_network_on_kernels 10_default_model_on_kernels)
  if(TARGET example_${name})
    set_tests_properties("examples: ${name}" PROPERTIES FIXTURES_REQUIRED sample_rendered)
  endif()
endforeach()
# The program that does what the command does gives what the command gives.
if(TARGET example_10_default_model_on_kernels AND TARGET hairline_tool)
  add_test(NAME "examples: command" COMMAND hairline_tool matte sample/image.png command_alpha.png -b sample/plate.png
                                            --foreground command_colour.png)
  set_tests_properties("examples: command" PROPERTIES FIXTURES_REQUIRED sample_rendered FIXTURES_SETUP command_matted)
  set_tests_properties("examples: 10_default_model_on_kernels" PROPERTIES FIXTURES_SETUP default_matted)
  foreach(what alpha colour)
    add_test(NAME "examples: ${what} of 10_default_model_on_kernels is the command's"
             COMMAND hairline_tool compare default_${what}.png command_${what}.png --threshold 0.00002)
    set_tests_properties("examples: ${what} of 10_default_model_on_kernels is the command's"
                         PROPERTIES FIXTURES_REQUIRED "command_matted;default_matted")
  endforeach()
endif()
