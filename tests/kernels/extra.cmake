# The kernel libraries exist only where kernels are built; their tests say so themselves.
if(TARGET test_kernels)
  if(TARGET hairline::kernels_image)
    target_link_libraries(test_kernels PRIVATE hairline::kernels_image hairline::kernels_image_opencl
                                               hairline::kernels_refiner hairline::kernels_conv_cases
                                               hairline::kernels_conv_cases_bf16
                                               hairline::kernels_conv_cases_half_opencl
                                               hairline::kernels_conv_cases_half_cuda hairline::kernels_conv_cases_amx
                                               hairline::kernels_device_cases_opencl
                                               hairline::kernels_device_cases_cuda
                                               hairline::kernels_bgmv2_mobilenetv2_bf16
                                               hairline::kernels_bgmv2_resnet50_bf16
                                               hairline::kernels_bgmv2_mobilenetv2
                                               hairline::kernels_bgmv2_mobilenetv2_opencl
                                               hairline::kernels_bgmv2_mobilenetv2_cuda
                                               hairline::kernels_bgmv2_mobilenetv2_generic
                                               hairline::kernels_bgmv2_resnet50 hairline::kernels_bgmv2_resnet50_opencl
                                               hairline::kernels_bgmv2_resnet50_warps
                                               hairline::kernels_own_network hairline::kernels_slim
                                               hairline::kernels_slim_bf16 hairline::nets)
    target_compile_definitions(test_kernels PRIVATE HAIRLINE_HAVE_KERNELS=1)
    # Compiled for one of AMD's processors, run on Intel's too.
    foreach(network bgmv2_mobilenetv2 bgmv2_resnet50 slim)
      add_test(NAME kernels_bf16_instructions_${network}
               COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/kernels/bf16_instructions.sh ${CMAKE_OBJDUMP}
                       $<TARGET_FILE:hairline_kernels_${network}_bf16>
                       ${PROJECT_SOURCE_DIR}/generators/schedules/networks/amx.json)
    endforeach()
    # CUDA kernels without a GPU: a driver that interprets their PTX.
    add_library(hairline_ptx_driver SHARED kernels/ptx/driver.cpp)
    target_link_libraries(hairline_ptx_driver PRIVATE hairline_core)
    target_include_directories(hairline_ptx_driver PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(hairline_ptx_driver PRIVATE -Wall -Wextra -Wpedantic)
    set_target_properties(hairline_ptx_driver PROPERTIES OUTPUT_NAME cuda SOVERSION 1 LIBRARY_OUTPUT_DIRECTORY
                                                         ${CMAKE_CURRENT_BINARY_DIR}/ptx)
    add_dependencies(test_kernels hairline_ptx_driver)
    add_test(NAME kernels_cuda_interpreted COMMAND test_kernels "[layers],[cuda]")
    set_tests_properties(kernels_cuda_interpreted PROPERTIES ENVIRONMENT
                         "HAIRLINE_TEST_CUDA=1;LD_LIBRARY_PATH=${CMAKE_CURRENT_BINARY_DIR}/ptx")
  else()
    target_compile_definitions(test_kernels PRIVATE HAIRLINE_HAVE_KERNELS=0)
    target_link_libraries(test_kernels PRIVATE ${CMAKE_DL_LIBS})
  endif()
endif()
