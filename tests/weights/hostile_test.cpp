// Checkpoints made to do harm: each is an error, and costs no more than its size.
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "hairline/weights/load.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
template <class T>
void put(std::string& to, T v) {
  to.append(reinterpret_cast<const char*>(&v), sizeof v);
}

struct Entry {
  std::string name, data;
  std::uint32_t claims = 0;  ///< added to the size that the directory claims
  std::int32_t moved = 0;    ///< added to the place that the directory claims
  std::uint16_t method = 0;
};

/// An uncompressed zip archive.
std::vector<std::uint8_t> zip(const std::vector<Entry>& entries) {
  std::string file, directory;
  for (const Entry& e : entries) {
    const auto at = static_cast<std::uint32_t>(file.size());
    const auto size = static_cast<std::uint32_t>(e.data.size()), claimed = size + e.claims;
    const auto local = [&](std::string& to) {
      put<std::uint16_t>(to, 0), put<std::uint16_t>(to, e.method);
      put<std::uint32_t>(to, 0), put<std::uint32_t>(to, 0);  // time, checksum
      put(to, claimed), put(to, claimed);
      put(to, static_cast<std::uint16_t>(e.name.size())), put<std::uint16_t>(to, 0);
    };
    put<std::uint32_t>(file, 0x04034b50), put<std::uint16_t>(file, 20);
    local(file);
    file += e.name + e.data;
    put<std::uint32_t>(directory, 0x02014b50), put<std::uint16_t>(directory, 20), put<std::uint16_t>(directory, 20);
    local(directory);
    directory.append(10, '\0');
    put(directory, static_cast<std::uint32_t>(static_cast<std::int64_t>(at) + e.moved));
    directory += e.name;
  }
  const auto at = static_cast<std::uint32_t>(file.size()), count = static_cast<std::uint32_t>(entries.size());
  file += directory;
  put<std::uint32_t>(file, 0x06054b50), put<std::uint32_t>(file, 0);
  put(file, static_cast<std::uint16_t>(count)), put(file, static_cast<std::uint16_t>(count));
  put(file, static_cast<std::uint32_t>(directory.size())), put(file, at), put<std::uint16_t>(file, 0);
  return {file.begin(), file.end()};
}

std::string text(const std::string& s) {
  std::string p = "X";
  put(p, static_cast<std::uint32_t>(s.size()));
  return p + s;
}
std::string number(std::uint32_t n) {
  std::string p = "J";
  put(p, n);
  return p;
}
/// A tensor over storage "0": torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, ...).
std::string tensor(const std::string& shape, const std::string& strides, std::uint32_t offset = 0) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
         text("cpu") + number(4) + "tQ" + number(offset) + shape + strides + "\x89}tR";
}
std::string shape(const std::vector<std::uint32_t>& dims) {
  std::string p = "(";
  for (std::uint32_t d : dims) p += number(d);
  return p + "t";
}
std::string head() { return "\x80\x02"; }
std::string message(const std::string& pickle, std::vector<Entry> more = {{"a/data/0", std::string(16, 'x')}}) {
  more.insert(more.begin(), {"a/data.pkl", head() + pickle + "."});
  const auto r = parse_weights(zip(more), "x.pth");
  return r ? std::string() : r.error().message;
}
}  // namespace

TEST_CASE("the archives of these tests are readable where they do no harm") {
  CHECK(message("}(" + text("w") + tensor(shape({2, 2}), shape({2, 1})) + "u").empty());
  CHECK(message("}(" + text("w") + tensor(shape({2, 2}), shape({1, 2})) + "u").empty());
  CHECK(message("}(" + text("w") + tensor(shape({4}), shape({0})) + "u").empty());
}

TEST_CASE("shapes and strides that reach beyond their storage are refused") {
  const auto of = [](const std::string& s, const std::string& strides, std::uint32_t offset = 0) {
    return message("}(" + text("w") + tensor(s, strides, offset) + "u");
  };
  CHECK_THAT(of(shape({5}), shape({1})), Catch::Contains("larger than its storage"));
  CHECK_THAT(of(shape({2, 2}), shape({3, 1})), Catch::Contains("outside its storage"));
  CHECK_THAT(of(shape({4}), shape({1}), 1), Catch::Contains("outside its storage"));
  CHECK_THAT(of(shape({2}), shape({0xffffffffu})), Catch::Contains("outside its storage"));
  CHECK_THAT(of(shape({0x7fffffffu, 0x7fffffffu, 0x7fffffffu}), shape({1, 1, 1})),
             Catch::Contains("larger than its storage"));
  CHECK_THAT(of(shape({0xffffffffu}), shape({1})), Catch::Contains("larger than its storage"));  // -1
  CHECK_THAT(of(shape({2, 2}), shape({1})), Catch::Contains("no usable shape"));
  CHECK_THAT(of(shape({1}), shape({1}), 0xffffffffu), Catch::Contains("no usable shape"));
}

TEST_CASE("a pickle in a circle, or one that doubles itself, ends") {
  // d = {}; d["d"] = d
  CHECK_THAT(message("}q\x01(" + text("d") + "h\x01u"), Catch::Contains("in a circle"));
  // d0 = {"w": tensor}; d1 = {"a...": d0, "b...": d0}; d2 = {"a...": d1, "b...": d1} ... doubles thirty times
  std::string bomb = "}(" + text("w") + tensor(shape({1}), shape({1})) + "uq";
  bomb += '\0';
  for (char level = 0; level < 30; ++level) {
    const std::string below = {'h', level};
    bomb += "}(" + text(std::string(60, 'a')) + below + text(std::string(60, 'b')) + below + "uq";
    bomb += static_cast<char>(level + 1);
  }
  CHECK_THAT(message(bomb), Catch::Contains("nested too deeply, or in a circle"));
  CHECK_THAT(message(std::string(1 << 20, ']')), Catch::Contains("262,144 values"));
  CHECK_THAT(message(std::string(1 << 20, '(')), Catch::Contains("262,144 marks"));
}

TEST_CASE("nothing that a pickle names is called") {
  const auto proof = std::filesystem::temp_directory_path() / "hairline_hostile_test_was_here";
  std::filesystem::remove(proof);
  // os.system("touch ...") as the whole checkpoint, and hidden as a value
  const std::string call = "cos\nsystem\n(" + text("touch " + proof.string()) + "tR";
  CHECK_THAT(message(call), Catch::Contains("holds no tensor"));
  CHECK(message("}(" + text("w") + tensor(shape({4}), shape({1})) + text("evil") + call + "u").empty());
  CHECK_FALSE(std::filesystem::exists(proof));
}

TEST_CASE("archives that lie about their entries are refused") {
  const std::string good = "}(" + text("w") + tensor(shape({4}), shape({1})) + "u";
  const auto with = [&](Entry e) { return message(good, {std::move(e)}); };
  CHECK_THAT(with({"a/data/0", std::string(16, 'x'), 1u << 30}), Catch::Contains("lies outside the file"));
  CHECK_THAT(with({"a/data/0", std::string(16, 'x'), 0, 1 << 30}), Catch::Contains("lies outside the file"));
  CHECK_THAT(with({"a/data/0", std::string(16, 'x'), 0, -7}),
             Catch::Contains("lies outside the file"));  // no entry there
  CHECK_THAT(with({"a/data/0", std::string(16, 'x'), 40}), Catch::Contains("overlap"));
  CHECK_THAT(with({"a/data/0", std::string(16, 'x'), 0, 0, 8}), Catch::Contains("not in the archive"));  // compressed
  CHECK_THAT(message(good, {{"a/data/0", std::string(16, 'x')}, {"a/data/0", std::string(16, 'y')}}),
             Catch::Contains("is there twice"));
  const std::string first(16, 'x');
  CHECK_THAT(message(good, {{"a/data/0", first}, {"a/data/1", first, 0, -54}}), Catch::Contains("overlap"));
}
