#include "lowering/family.hpp"

std::vector<KernelSpec> image_ops() {
  std::vector<KernelSpec> kernels;
  const auto number = [](int n) { return std::to_string(n); };

  struct Pair {
    const char *from, *from_type, *to, *to_type;
  };
  for (const Pair& p : {Pair{"u8", "uint8", "f32", "float32"}, Pair{"u16", "uint16", "f32", "float32"},
                        Pair{"f32", "float32", "u8", "uint8"}, Pair{"f32", "float32", "u16", "uint16"},
                        Pair{"f32", "float32", "f32", "float32"}})
    for (int c : {1, 3, 4})
      kernels.push_back({std::string("convert_") + p.from + "_" + p.to + "_c" + number(c),
                         "hairline_convert",
                         {{"source.type", p.from_type}, {"result.type", p.to_type}, {"channels", number(c)}},
                         {"lowering/convert.cpp", "lowering/layout.hpp"}});

  for (int c : {1, 3, 4})
    kernels.push_back({"resize_bilinear_f32_c" + number(c),
                       "hairline_resize_bilinear",
                       {{"channels", number(c)}},
                       {"lowering/resize_bilinear.cpp", "lowering/layout.hpp"}});

  struct Types {
    const char *name, *colour, *alpha;
  };
  for (const Types& t :
       {Types{"f32", "float32", "float32"}, Types{"u8", "uint8", "uint8"}, Types{"u8_alpha_f32", "uint8", "float32"}})
    for (int c : {1, 3})
      kernels.push_back({std::string("composite_") + t.name + "_c" + number(c),
                         "hairline_composite",
                         {{"foreground.type", t.colour},
                          {"background.type", t.colour},
                          {"result.type", t.colour},
                          {"alpha.type", t.alpha},
                          {"channels", number(c)}},
                         {"lowering/composite.cpp", "lowering/layout.hpp"}});

  const std::vector<std::string> window = {"lowering/guided_filter.cpp", "lowering/window.hpp", "lowering/layout.hpp"};
  kernels.push_back({"box_filter_f32", "hairline_box_filter", {}, window});
  kernels.push_back({"guided_filter_f32_c3", "hairline_guided_filter", {}, window});
  return kernels;
}
