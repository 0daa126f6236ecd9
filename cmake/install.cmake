# cmake --install: headers, the targets above, and what find_package(hairline) needs to find their libraries again.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# One export file a part, so that a machine without, say, OpenEXR can use all but hairline::io.
get_property(parts GLOBAL PROPERTY HAIRLINE_PARTS)
foreach(part IN LISTS parts)
  install(TARGETS ${part} EXPORT ${part}_targets)
  install(EXPORT ${part}_targets FILE ${part}.cmake NAMESPACE hairline::
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/hairline)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/hairline DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/hairlineConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/hairlineConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/hairline)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hairlineConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/hairlineConfig.cmake ${PROJECT_BINARY_DIR}/hairlineConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/FindISAL.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/hairline)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET hairline_tool)
  install(TARGETS hairline_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  foreach(device opencl cuda)  # what --device opens; that for CUDA is there if it was built
    if(TARGET hairline_${device})
      install(FILES $<TARGET_FILE:hairline_${device}> DESTINATION ${CMAKE_INSTALL_LIBDIR}/hairline OPTIONAL)
    endif()
  endforeach()
endif()
