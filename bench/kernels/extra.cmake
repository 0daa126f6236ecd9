find_package(nlohmann_json REQUIRED)
foreach(target IN LISTS bench_targets)
  target_link_libraries(${target} PRIVATE hairline::kernels_image nlohmann_json::nlohmann_json)
endforeach()
