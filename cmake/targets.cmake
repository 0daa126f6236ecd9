# The header targets. Each carries exactly what its headers include, so that a user of the metrics needs no libpng.
#   hairline::core     include path and threads; nothing else
#   hairline::solvers  + Eigen, nanoflann      hairline::metrics  + xtensor      hairline::io  + libpng, OpenEXR, stb
#   hairline::hairline core, solvers and metrics: every header but io and kernels
find_package(Threads REQUIRED)

add_library(hairline_core INTERFACE)
target_compile_features(hairline_core INTERFACE cxx_std_20)
target_include_directories(hairline_core INTERFACE $<BUILD_INTERFACE:${CMAKE_CURRENT_LIST_DIR}/../include>
                                                   $<INSTALL_INTERFACE:include>)
target_link_libraries(hairline_core INTERFACE Threads::Threads)

add_library(hairline_solvers INTERFACE)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(nanoflann REQUIRED)
target_link_libraries(hairline_solvers INTERFACE hairline_core Eigen3::Eigen nanoflann::nanoflann)

add_library(hairline_metrics INTERFACE)
find_package(xtensor REQUIRED)
target_link_libraries(hairline_metrics INTERFACE hairline_core xtensor)

add_library(hairline_all INTERFACE)
target_link_libraries(hairline_all INTERFACE hairline_core hairline_solvers hairline_metrics)

find_package(PNG)
find_package(OpenEXR CONFIG)
find_path(HAIRLINE_STB_INCLUDE_DIR stb/stb_image.h)
if(PNG_FOUND AND OpenEXR_FOUND AND HAIRLINE_STB_INCLUDE_DIR)
  add_library(hairline_io INTERFACE)
  target_link_libraries(hairline_io INTERFACE hairline_core PNG::PNG OpenEXR::OpenEXR)
  target_include_directories(hairline_io SYSTEM INTERFACE $<BUILD_INTERFACE:${HAIRLINE_STB_INCLUDE_DIR}>)
endif()

foreach(part core solvers metrics io)
  if(TARGET hairline_${part})
    set_target_properties(hairline_${part} PROPERTIES EXPORT_NAME ${part})
    add_library(hairline::${part} ALIAS hairline_${part})
  endif()
endforeach()
set_target_properties(hairline_all PROPERTIES EXPORT_NAME hairline)
add_library(hairline::hairline ALIAS hairline_all)
