// Converted files hold the same weights under the published names, and notice when they do not.
#include <algorithm>
#include <cstring>
#include <limits>
#include <set>
#include <string>

#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/weights/convert.hpp"
#include "hairline/weights/load.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"
#include "tests/weights/small.hpp"

using namespace hairline;
using tests::Small;

namespace {
std::string golden(const std::string& name) { return tests::golden_weights(name); }

Conversion convert(const std::string& name, StoreAs as = StoreAs::keep) {
  ConvertOptions options;
  options.as = as;
  const auto c = convert_weights(graph<Small>(), read_weights(golden(name)).value(), options);
  if (!c) FAIL(c.error().message);
  return *c;
}
TensorStore stored(const Conversion& c) { return parse_weights(c.file, "converted").value(); }

/// The file again, after `change` has had its way with the tensors' bytes.
template <class F>
TensorStore rewritten(const Conversion& c, F change) {
  const TensorStore store = stored(c);
  std::map<std::string, std::vector<std::byte>> bytes;
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, t] : store.tensors) {
    bytes[name].assign(t.bytes.begin(), t.bytes.end());
    tensors.push_back({name, t.type, t.dims, {}});
  }
  std::map<std::string, std::string, std::less<>> metadata = store.metadata;
  change(bytes, tensors, metadata);
  for (TensorToWrite& t : tensors) t.bytes = bytes.at(t.name);
  return parse_weights(encode_safetensors(tensors, metadata).value(), "rewritten").value();
}
std::string refusal(const TensorStore& store) {
  const auto r = accept_weights(graph<Small>(), store);
  return r ? std::string() : r.error().message;
}
float& first_float(std::vector<std::byte>& bytes) { return *reinterpret_cast<float*>(bytes.data()); }
const std::string prefix(self_test_prefix);
}  // namespace

TEST_CASE("every format converts to the same file under the published names") {
  const Conversion reference = convert("small.safetensors");
  const std::string name =
      GENERATE("state_dict.pth", "wrapped.pth", "channels_last.pth", "parameters.pth", "torchscript.pt");
  INFO(name);
  const bool same = convert(name).file == reference.file;
  CHECK(same);
  CHECK(reference.rounding.largest == 0.0);
  const TensorStore store = stored(reference);
  const Weights expected = seeded_weights(graph<Small>());
  std::set<std::string> names;
  for (const auto& [key, t] : store.tensors)
    if (!key.starts_with(self_test_prefix)) {
      names.insert(key);
      CHECK(to_floats(t.bytes, t.type) == expected.tensors.at(key).values);
    }
  CHECK(names.size() == expected.tensors.size());
  CHECK(store.tensors.at("bn.num_batches_tracked").type == NumberType::i64);
  CHECK(refusal(store).empty());
  CHECK(compare_weights(graph<Small>(), store).fits());
}

TEST_CASE("a converted file converts again to itself") {
  const Conversion once = convert("wrapped.pth", StoreAs::f16);
  const auto twice = convert_weights(graph<Small>(), stored(once), {}).value();
  const bool same = twice.file == once.file;
  CHECK(same);
}

TEST_CASE("numbers are stored in the wanted type") {
  const auto type = [](const Conversion& c, const char* name) { return stored(c).tensors.at(name).type; };
  const std::string name = GENERATE("double.pth", "state_dict.pth", "half.pth", "bfloat16.pth");
  INFO(name);
  for (const StoreAs as : {StoreAs::f32, StoreAs::f16, StoreAs::bf16}) {
    const Conversion c = convert(name, as);
    CHECK(type(c, "conv.weight") == (as == StoreAs::f32   ? NumberType::f32
                                     : as == StoreAs::f16 ? NumberType::f16
                                                          : NumberType::bf16));
    if (name != "half.pth" && name != "bfloat16.pth") CHECK(type(c, "bn.running_var") == NumberType::f32);
    CHECK(type(c, "bn.num_batches_tracked") == NumberType::i64);
    CHECK(c.rounding.largest <= c.rounding_allowed);
    CHECK(refusal(stored(c)).empty());
  }
  CHECK(type(convert("double.pth"), "head.0.bias") == NumberType::f64);
  CHECK(convert("state_dict.pth", StoreAs::bf16).rounding.largest > 0);
}

TEST_CASE("16-bit matting weights stay within what their precision explains") {
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = seeded_weights(g, 5);
  TensorStore store{"memory", "safetensors", {}, {}, {}, {}};
  for (const auto& [name, t] : weights.tensors)
    store.tensors[name] = {NumberType::f32, {t.dims.begin(), t.dims.end()}, std::as_bytes(std::span(t.values))};
  ConvertOptions options;
  options.self_test.run.set("refine_mode", static_cast<int>(RefineMode::full));
  options.as = StoreAs::f16;
  const double half = convert_weights(g, store, options).value().rounding.largest;
  options.as = StoreAs::bf16;
  const auto bfloat = convert_weights(g, store, options).value();
  // 8 significant bits instead of 11: about eight times as far, and both far above f32's rounding.
  CHECK(half > 1e-5);
  CHECK(bfloat.rounding.largest > 3 * half);
  options.allowed_rounding = half / 2;
  CHECK_THAT(convert_weights(g, store, options).error().message, Catch::Contains("wanted a type of more bits"));
}

TEST_CASE("a changed file is refused, and the tensor named") {
  const Conversion c = convert("state_dict.pth");
  CHECK(refusal(rewritten(c, [](auto&, auto&, auto&) {})).empty());
  CHECK_THAT(refusal(rewritten(c, [](auto& bytes, auto&, auto&) { bytes.at("bn.bias")[5] ^= std::byte{1}; })),
             Catch::Contains("changed after its self-test was made: bn.bias"));
  CHECK_THAT(refusal(rewritten(
                 c, [](auto& bytes, auto&, auto&) { std::swap(bytes.at("bn.weight"), bytes.at("bn.running_var")); })),
             Catch::Contains("bn.running_var, bn.weight"));
}

TEST_CASE("without fingerprints the self-test itself finds the change") {
  const Conversion c = convert("state_dict.pth");
  const auto without = [&](auto change) {
    return refusal(rewritten(c, [&](auto& bytes, auto& tensors, auto& metadata) {
      std::erase_if(tensors, [](const TensorToWrite& t) { return t.name == prefix + "fingerprints"; });
      change(bytes, tensors, metadata);
    }));
  };
  CHECK(without([](auto&, auto&, auto&) {}).empty());
  const std::string text =
      without([](auto& bytes, auto&, auto&) { std::swap(bytes.at("bn.weight"), bytes.at("bn.running_var")); });
  CHECK_THAT(text, Catch::Contains("the self-test of these weights fails: 'y' differs by") &&
                       Catch::Contains("at most 2e-05 is allowed"));
  // Within the tolerance it is the same network, beyond it is not.
  CHECK(without([](auto& bytes, auto&, auto&) { first_float(bytes.at("head.0.bias")) += 5e-6f; }).empty());
  CHECK_FALSE(without([](auto& bytes, auto&, auto&) { first_float(bytes.at("head.0.bias")) += 1e-2f; }).empty());
}

TEST_CASE("a broken self-test is an error, not none") {
  const Conversion c = convert("state_dict.pth");
  const auto broken = [&](auto change) { return refusal(rewritten(c, change)); };
  const auto drop = [&](const std::string& name) {
    return broken([&](auto&, auto& tensors, auto&) {
      std::erase_if(tensors, [&](const TensorToWrite& t) { return t.name == prefix + name; });
    });
  };
  for (const char* part : {"tolerance", "input.x", "output.y"})
    CHECK_THAT(drop(part), Catch::Contains("its self-test is broken: it lacks"));
  CHECK_THAT(broken([](auto&, auto&, auto& metadata) { metadata.erase(prefix + "network"); }),
             Catch::Contains("lacks"));
  CHECK_THAT(broken([](auto& bytes, auto& tensors, auto&) {
               bytes[prefix + "newer"].resize(4);
               tensors.push_back({prefix + "newer", NumberType::f32, {}, {}});
             }),
             Catch::Contains("not known to this version"));
  CHECK_THAT(broken([](auto& bytes, auto& tensors, auto&) {
               for (TensorToWrite& t : tensors)
                 if (t.name == prefix + "tolerance") t.type = NumberType::f32;
               bytes.at(prefix + "tolerance").resize(4);
             }),
             Catch::Contains("is no f64 number"));
  CHECK_THAT(broken([](auto& bytes, auto& tensors, auto&) {
               bytes.at(prefix + "fingerprints").resize(8);
               for (TensorToWrite& t : tensors)
                 if (t.name == prefix + "fingerprints") t.dims = {1};
             }),
             Catch::Contains("holds 8 tensors, wanted 1"));
  CHECK_THAT(broken([](auto& bytes, auto&, auto&) {
               const double nan = std::numeric_limits<double>::quiet_NaN();
               std::memcpy(bytes.at(prefix + "tolerance").data(), &nan, 8);
             }),
             Catch::Contains("fails"));
}

TEST_CASE("a self-test can be left out, and is not asked of another network's part") {
  const Conversion c = convert("state_dict.pth");
  const TensorStore changed =
      rewritten(c, [](auto& bytes, auto&, auto&) { first_float(bytes.at("head.0.bias")) += 1; });
  CHECK_FALSE(accept_weights(graph<Small>(), changed).has_value());
  CHECK(accept_weights(graph<Small>(), changed, {}, SelfTestUse::skip).has_value());
  using Trunk = Net<"trunk", Inputs<Input<"x", 3>>, Take<"x">, Named<"conv", Conv2d<3, 4, Bias{false}>>,
                    Named<"bn", BatchNorm<4>>, Keep<"y">, Give<"y">>;
  CHECK(accept_weights(graph<Trunk>(), stored(c), {"head."}).has_value());
}

TEST_CASE("weights that are not finite, or become so, are not converted") {
  Weights weights = seeded_weights(graph<Small>());
  const auto message = [&](StoreAs as) {
    TensorStore store{"memory", "safetensors", {}, {}, {}, {}};
    for (const auto& [name, t] : weights.tensors)
      store.tensors[name] = {NumberType::f32, {t.dims.begin(), t.dims.end()}, std::as_bytes(std::span(t.values))};
    ConvertOptions options;
    options.as = as;
    const auto r = convert_weights(graph<Small>(), store, options);
    return r ? std::string() : r.error().message;
  };
  weights.tensors.at("conv.weight").values[3] = 1e6f;
  CHECK(message(StoreAs::keep).empty());
  CHECK_THAT(message(StoreAs::f16), Catch::Contains("beyond the range of f16  conv.weight"));
  weights.tensors.at("bn.bias").values[0] = std::numeric_limits<float>::infinity();
  CHECK_THAT(message(StoreAs::keep), Catch::Contains("not finite  bn.bias"));
}
