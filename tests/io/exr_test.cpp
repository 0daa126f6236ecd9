#include "hairline/io/exr.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "hairline/io/read.hpp"
#include "tests/io/support.hpp"

using namespace hairline;

namespace {
template <AlphaMode Mode>
Image<float, Mode> noise(Shape shape) {
  Image<float, Mode> image(shape);
  std::mt19937 random(11);
  for (auto& v : image) v = static_cast<float>(random()) / 1e9f - 1.0f;
  return image;
}

io::Bytes golden(const char* name) { return test::bytes_of(test::golden_folder() / name); }

// Where the value of an attribute begins.
std::size_t value_at(const io::Bytes& bytes, const std::string& attribute, const std::string& type) {
  const std::string wanted = attribute + '\0' + type + '\0', text(bytes.begin(), bytes.end());
  const auto at = text.find(wanted);
  REQUIRE(at != std::string::npos);
  return at + wanted.size() + 4;
}
void put32(io::Bytes& bytes, std::size_t at, std::int64_t v) {
  for (std::size_t i = 0; i < 4; ++i)
    bytes[at + i] = static_cast<std::uint8_t>(static_cast<std::uint32_t>(v) >> (8 * i) & 255u);
}
std::string why(const io::Bytes& bytes, io::ReadLimits limits = {}) {
  const auto result = io::read_exr_memory(bytes, "x.exr", limits);
  REQUIRE_FALSE(result);
  return result.error().message;
}
}  // namespace

TEST_CASE("floats survive an EXR bit for bit, half floats are the nearest ones") {
  const test::Folder folder;
  const auto path = folder / "x.exr";
  for (const bool half_floats : {false, true})
    for (const Shape size : {Shape{1, 1, 0}, Shape{1, 9, 0}, Shape{17, 1, 0}, Shape{33, 31, 0}})
      for (const int channels : {1, 2, 3, 4}) {
        const Shape shape{size.height, size.width, channels};
        INFO(to_string(shape) << (half_floats ? " half" : " float"));
        io::ExrOptions options;
        options.half = half_floats;
        const auto check = [&](const auto& image, AlphaMode mode) {
          io::write_exr(path, image, options).value();
          const auto again = io::read(path).value();
          REQUIRE(again.pixels.shape() == shape);
          CHECK(again.alpha == mode);
          CHECK(again.bit_depth == (half_floats ? 16 : 32));
          std::size_t wrong = 0;
          for (std::size_t i = 0; i < image.size(); ++i) {
            const float wanted = image.data()[i], given = again.pixels.data()[i];
            // Half floats have 11 significant bits: nearest means half a step, 2^-11 of the value.
            if (half_floats ? std::abs(wanted - given) > std::abs(wanted) / 2048 + 1e-7f : wanted != given) ++wrong;
          }
          CHECK(wrong == 0);
        };
        if (channels % 2 == 1) check(noise<AlphaMode::none>(shape), AlphaMode::none);
        if (channels % 2 == 0) check(noise<AlphaMode::associated>(shape), AlphaMode::associated);
      }
}

TEST_CASE("infinities and NaN are data; a finite value beyond half floats is an error, not an infinity") {
  Image<float> image(Shape{1, 4, 1});
  const float inf = std::numeric_limits<float>::infinity();
  image(0, 0) = inf;
  image(0, 1) = -inf;
  image(0, 2) = std::numeric_limits<float>::quiet_NaN();
  image(0, 3) = 65504.0f;
  const auto again = io::read_exr_memory(io::encode_exr(image).value()).value().pixels;
  CHECK(again(0, 0) == inf);
  CHECK(again(0, 1) == -inf);
  CHECK(std::isnan(again(0, 2)));
  CHECK(again(0, 3) == 65504.0f);
  image(0, 3) = 70000.0f;
  CHECK(io::encode_exr(image, {}, "o.exr").error().message ==
        "cannot write 'o.exr': the value 70000.000000 in row 0 is beyond half floats (65504); write 32-bit floats "
        "(ExrOptions::half = false)");
  CHECK(io::encode_exr(image, {.half = false}));
}

TEST_CASE("the one channel of a plane is named as wished") {
  const Plane plane(Shape{2, 2, 1}, 0.25f);
  const auto bytes = io::encode_exr(plane, {.half = true, .channel = "A"}).value();
  const auto header = io::detail::ExrHeaderParser(bytes, "x").parse().value();
  CHECK(header.channel_names() == "A");
  const auto again = io::read_exr_memory(bytes).value();
  CHECK(again.alpha == AlphaMode::none);
  CHECK(again.pixels(1, 1) == 0.25f);
  CHECK_FALSE(io::encode_exr(plane, {.half = true, .channel = ""}));
  CHECK_FALSE(io::encode_exr(plane, {.half = true, .channel = std::string(40, 'x')}));
}

TEST_CASE("what an EXR cannot hold is refused") {
  CHECK(io::encode_exr(Image<float>(Shape{2, 2, 4}), {}, "o.exr").error().message ==
        "cannot write 'o.exr': an EXR takes 1 or 3 channels, the picture has 4 (for alpha, pass an Image whose type "
        "says AlphaMode::associated)");
  CHECK_FALSE(io::encode_exr(Image<float>()));
  CHECK_FALSE(io::encode_exr(Image<float, AlphaMode::associated>(Shape{2, 2, 3})));
}

TEST_CASE("an EXR header is judged before anything is allocated for it") {
  const auto file = golden("rgba_half_zip.exr");
  const auto data = value_at(file, "dataWindow", "box2i"), display = value_at(file, "displayWindow", "box2i");
  auto bytes = file;
  put32(bytes, data + 8, 0x3ffffff0);
  CHECK(why(bytes).find("its EXR header claims 1073741809x5 pixels; the limit is") != std::string::npos);
  bytes = file;
  put32(bytes, display + 12, 0x3ffffff0);
  CHECK(why(bytes).find("display window header claims 3x1073741809 pixels; the limit is") != std::string::npos);
  bytes = file;
  put32(bytes, data + 8, -5);
  CHECK(why(bytes).find("which holds no pixels") != std::string::npos);
  bytes = file;
  put32(bytes, data + 8, 0x7fffffff);
  CHECK(why(bytes).find("'dataWindow' makes no sense") != std::string::npos);
  bytes = file;
  put32(bytes, data + 12, 9999);
  CHECK(why(bytes).find("which cannot be in a file of") != std::string::npos);
  CHECK(why(file, {.max_pixels = 14}).find("the limit is 14 pixels") != std::string::npos);
}

TEST_CASE("what an EXR may claim is bounded by its bytes for every coding") {
  const auto seeds = std::filesystem::path(HAIRLINE_SOURCE_DIR) / "tests/fuzz/seeds/exr";
  for (const char* name : {"piz.exr", "dwab.exr"}) {
    CAPTURE(name);
    auto bytes = test::bytes_of(seeds / name);
    const auto data = value_at(bytes, "dataWindow", "box2i"), display = value_at(bytes, "displayWindow", "box2i");
    for (const auto at : {data, display}) {
      put32(bytes, at, 0);
      put32(bytes, at + 4, 0);
      put32(bytes, at + 8, 16383);
      put32(bytes, at + 12, 16383);
    }
    bytes.resize(bytes.size() + 30000);  // room for the offset table
    CHECK(why(bytes).find("claims 16384x16384 pixels, which cannot be in a file of") != std::string::npos);
    put32(bytes, data + 8, 3);
    put32(bytes, data + 12, 3);
    CHECK(why(bytes).find("display window of 16384x16384 pixels holds only 4x4 pixels of data") != std::string::npos);
  }
}

TEST_CASE("flat EXR frames, which the codings shrink most, are read") {
  const auto coding = GENERATE(Imf::PIZ_COMPRESSION, Imf::DWAA_COMPRESSION, Imf::DWAB_COMPRESSION);
  const int width = 4096, height = 2160;
  Imf::Header header(width, height);
  header.compression() = coding;
  header.channels().insert("Y", Imf::Channel(Imf::HALF));
  io::detail::ExrOutput stream("flat");
  {
    Imf::OutputFile file(stream, header, 0);
    std::vector<half> row(static_cast<std::size_t>(width), half(0.0f));
    Imf::FrameBuffer buffer;
    buffer.insert("Y", Imf::Slice(Imf::HALF, reinterpret_cast<char*>(row.data()), sizeof(half), 0));
    file.setFrameBuffer(buffer);
    file.writePixels(height);
  }
  CAPTURE(coding, stream.bytes().size());
  const auto read = io::read_exr_memory(stream.bytes());
  REQUIRE(read);
  CHECK(read->pixels.shape() == Shape{height, width, 1});
}

TEST_CASE("EXR tiles larger than the picture are refused, as are those beyond reason") {
  const auto file = golden("tiled.exr");
  const auto tiles = value_at(file, "tiles", "tiledesc");
  auto bytes = file;
  put32(bytes, tiles, 0x7fffffff);
  CHECK(why(bytes).find("the limit is 1 GiB a block") != std::string::npos);
  put32(bytes, tiles, 4096);
  put32(bytes, tiles + 4, 4096);
  CHECK(why(bytes).find("tiles of 4096x4096 pixels are larger than the picture") != std::string::npos);
  put32(bytes, tiles, 0);
  CHECK(why(bytes).find("'tiles' makes no sense") != std::string::npos);
}

TEST_CASE("EXR features beyond one flat picture are named in the refusal") {
  auto bytes = golden("rgba_half_zip.exr");
  bytes[5] = 0x10;
  CHECK(why(bytes) == "cannot read 'x.exr': more than one part is not supported in EXR files");
  bytes[5] = 0x08;
  CHECK(why(bytes) == "cannot read 'x.exr': deep data is not supported in EXR files");
  bytes[5] = 0;
  bytes[4] = 3;
  CHECK(why(bytes) == "cannot read 'x.exr': file version 3 is not supported in EXR files");
  bytes = golden("rgba_half_zip.exr");
  const auto channels = value_at(bytes, "channels", "chlist");
  REQUIRE(bytes[channels] == 'A');
  auto integers = bytes;
  integers[channels + 2] = 0;
  CHECK(why(integers) == "cannot read 'x.exr': the integer channel 'A' is not supported in EXR files");
  auto subsampled = bytes;
  subsampled[channels + 10] = 2;
  CHECK(why(subsampled).find("the subsampled channel 'A' (luminance/chroma)") != std::string::npos);
  auto renamed = bytes;
  renamed[channels + 18] = 'Q';  // B
  CHECK(why(renamed) ==
        "cannot read 'x.exr': its EXR channels are A, Q, G, R; wanted are R, G, B or Y, with or without A");
}

TEST_CASE("an attribute that the pixels do not need cannot do harm") {
  // A preview picture that claims 65535x65535: OpenEXR would allocate 16 GiB for it.
  auto bytes = golden("rgba_half_plain.exr");
  const auto at = value_at(bytes, "displayWindow", "box2i") + 16;
  io::Bytes preview;
  for (const char* text : {"preview", "preview"}) {
    preview.insert(preview.end(), text, text + std::string(text).size() + 1);
  }
  for (const int v : {8, 65535, 65535})
    for (int i = 0; i < 4; ++i) preview.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), preview.begin(), preview.end());
  // The offset table now points too low: a reader that gets this far says that a line is damaged, and nothing worse.
  CHECK(why(bytes).find("damaged EXR") != std::string::npos);
}
