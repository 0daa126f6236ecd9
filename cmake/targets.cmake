# The header targets. Each carries exactly what its headers include, so that a user of the metrics needs no libpng.
#   hairline::core     include path and threads; nothing else
#   hairline::solvers  + Eigen, nanoflann      hairline::metrics  + xtensor      hairline::io  + libpng, ISA-L, OpenEXR, stb
#   hairline::losses   the same as metrics, whose inputs they take
#   hairline::nets     + nlohmann-json: layers, networks, weights
#   hairline::hairline core, solvers, metrics and losses: every header but io and kernels
# A part whose libraries are not on the machine is left out, and linking to it is then CMake's error.
find_package(Threads REQUIRED)

function(hairline_part name)
  add_library(hairline_${name} INTERFACE)
  add_library(hairline::${name} ALIAS hairline_${name})
  set_target_properties(hairline_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(hairline_${name} INTERFACE ${ARGN})
  set_property(GLOBAL APPEND PROPERTY HAIRLINE_PARTS hairline_${name})
endfunction()

hairline_part(core Threads::Threads)
target_compile_features(hairline_core INTERFACE cxx_std_20)
target_include_directories(hairline_core INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                                   $<INSTALL_INTERFACE:include>)

find_package(Eigen3 3.4 QUIET NO_MODULE)
find_package(nanoflann QUIET)
if(Eigen3_FOUND AND nanoflann_FOUND)
  hairline_part(solvers hairline_core Eigen3::Eigen nanoflann::nanoflann)
endif()

find_package(xtensor QUIET)
if(xtensor_FOUND)
  hairline_part(metrics hairline_core xtensor)
  hairline_part(losses hairline_metrics)
endif()

find_package(nlohmann_json QUIET)
if(nlohmann_json_FOUND)
  hairline_part(nets hairline_core nlohmann_json::nlohmann_json)
endif()

find_package(PNG QUIET)
list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
find_package(ISAL QUIET)
find_package(OpenEXR CONFIG QUIET)
find_path(HAIRLINE_STB_INCLUDE_DIR stb/stb_image.h)
if(PNG_FOUND AND ISAL_FOUND AND OpenEXR_FOUND AND HAIRLINE_STB_INCLUDE_DIR)
  hairline_part(io hairline_core PNG::PNG ISAL::ISAL OpenEXR::OpenEXR)
  target_include_directories(hairline_io SYSTEM INTERFACE $<BUILD_INTERFACE:${HAIRLINE_STB_INCLUDE_DIR}>)
endif()

if(TARGET hairline_solvers AND TARGET hairline_metrics)
  add_library(hairline_all INTERFACE)
  add_library(hairline::hairline ALIAS hairline_all)
  set_target_properties(hairline_all PROPERTIES EXPORT_NAME hairline)
  target_link_libraries(hairline_all INTERFACE hairline_solvers hairline_metrics hairline_losses)
  set_property(GLOBAL APPEND PROPERTY HAIRLINE_PARTS hairline_all)
endif()

if(PROJECT_IS_TOP_LEVEL)
  foreach(part solvers metrics losses nets io)
    if(NOT TARGET hairline_${part})
      message(FATAL_ERROR "hairline: the libraries of hairline::${part} are missing; scripts/debian-packages.txt lists them")
    endif()
  endforeach()
endif()
