#include "hairline/io/png.hpp"

#include <limits>
#include <random>

#include "hairline/core/convert.hpp"
#include "hairline/io/read.hpp"
#include "tests/io/support.hpp"

using namespace hairline;

namespace {
template <class T, AlphaMode Mode = AlphaMode::none>
Image<T, Mode> noise(Shape shape) {
  Image<T, Mode> image(shape);
  std::mt19937 random(7);
  for (auto& v : image)
    v = std::is_integral_v<T> ? static_cast<T>(random()) : static_cast<T>(random() % 65536) / static_cast<T>(65535);
  return image;
}
std::vector<std::uint8_t> png_claiming(std::uint32_t width, std::uint32_t height) {
  auto bytes = test::bytes_of(test::golden_folder() / "grey8.png");
  for (int i = 0; i < 4; ++i) {
    bytes[16 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(width >> (24 - 8 * i));
    bytes[20 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(height >> (24 - 8 * i));
  }
  return bytes;
}
}  // namespace

TEST_CASE("all 65536 values of a 16-bit PNG survive, as integers and as floats") {
  Image<std::uint16_t> ramp(Shape{256, 256, 1});
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp.data()[i] = static_cast<std::uint16_t>(i);
  const auto first = io::read_png_memory(io::encode_png(ramp).value()).value();
  const auto second = io::read_png_memory(io::encode_png(first.pixels).value()).value();
  CHECK(first.bit_depth == 16);
  for (std::size_t i = 0; i < ramp.size(); ++i) {
    if (first.pixels.data()[i] != static_cast<float>(i) / 65535.0f) FAIL("read " << i);
    if (second.pixels.data()[i] != first.pixels.data()[i]) FAIL("written " << i);
  }
}

TEST_CASE("what is written is read back, at every depth, number of channels and odd size") {
  const test::Folder folder;
  const auto path = folder / "x.png";
  for (const int depth : {8, 16})
    for (const Shape size : {Shape{1, 1, 0}, Shape{1, 7, 0}, Shape{5, 1, 0}, Shape{13, 17, 0}, Shape{64, 3, 0}})
      for (const int channels : {1, 2, 3, 4}) {
        const Shape shape{size.height, size.width, channels};
        INFO(to_string(shape) << " at " << depth);
        io::PngOptions options;
        options.depth = depth;
        const auto check = [&](const auto& image, float full) {
          io::write_png(path, image, options).value();
          const auto again = io::read(path).value();
          REQUIRE(again.pixels.shape() == shape);
          CHECK(again.bit_depth == depth);
          CHECK((again.alpha == AlphaMode::straight) == (channels % 2 == 0));
          std::size_t wrong = 0;
          for (std::size_t i = 0; i < image.size(); ++i)
            if (again.pixels.data()[i] != static_cast<float>(image.data()[i]) / full) ++wrong;
          CHECK(wrong == 0);
        };
        if (channels % 2 == 1 && depth == 8) check(noise<std::uint8_t>(shape), 255);
        if (channels % 2 == 1 && depth == 16) check(noise<std::uint16_t>(shape), 65535);
        if (channels % 2 == 0 && depth == 8) check(noise<std::uint8_t, AlphaMode::straight>(shape), 255);
        if (channels % 2 == 0 && depth == 16) check(noise<std::uint16_t, AlphaMode::straight>(shape), 65535);
      }
}

TEST_CASE("8 bits written as 16 are 257 times as much, and planar or reversed views are written as they look") {
  const auto image = noise<std::uint8_t>(Shape{4, 5, 3});
  const auto wide = io::read_png_memory(io::encode_png(image).value()).value();
  const auto bgr = io::read_png_memory(io::encode_png(image.view().reversed_channels()).value()).value();
  const auto part = io::read_png_memory(io::encode_png(image.view().crop(1, 2, 2, 3)).value()).value();
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x)
      for (int c = 0; c < 3; ++c) {
        CHECK(wide.pixels(y, x, c) == static_cast<float>(image(y, x, c) * 257) / 65535.0f);
        CHECK(bgr.pixels(y, x, c) == wide.pixels(y, x, 2 - c));
      }
  CHECK(part.pixels.shape() == Shape{2, 3, 3});
  CHECK(part.pixels(1, 2, 1) == wide.pixels(2, 4, 1));
}

TEST_CASE("values are rounded, never cut off; what lies outside [0,1] ends at its ends") {
  Image<float> image(Shape{1, 7, 1});
  const float values[7] = {0.4999f / 255,
                           0.5001f / 255,
                           0.999f,
                           1.5f,
                           -1.0f,
                           std::numeric_limits<float>::quiet_NaN(),
                           std::numeric_limits<float>::infinity()};
  const int wanted[7] = {0, 1, 255, 255, 0, 0, 255};
  std::copy(std::begin(values), std::end(values), image.begin());
  io::PngOptions options;
  options.depth = 8;
  const auto read = io::read_png_memory(io::encode_png(image, options).value()).value();
  for (int x = 0; x < 7; ++x) CHECK(read.pixels(0, x) == static_cast<float>(wanted[x]) / 255.0f);
}

TEST_CASE("a PNG header is believed only as far as the file can bear it out") {
  const auto text = [](std::uint32_t width, std::uint32_t height, io::ReadLimits limits = {}) {
    const auto bytes = png_claiming(width, height);
    return io::read_png_memory(bytes, "evil.png", limits).error().message;
  };
  CHECK(text(100000, 100000) ==
        "cannot read 'evil.png': its PNG header claims 100000x100000 pixels; the limit is 268435456 pixels in all "
        "(ReadLimits::max_pixels)");
  CHECK(text(0xffffffff, 0xffffffff).find("the limit is") != std::string::npos);
  CHECK(text(0, 5) == "cannot read 'evil.png': its PNG header gives the size 0x5, which holds no pixels");
  CHECK(text(5, 0).find("holds no pixels") != std::string::npos);
  // Within the limit, but more than deflate can expand this many bytes to.
  CHECK(text(16384, 16384).find("claims 16384x16384 pixels, which cannot be in a file of ") != std::string::npos);
  CHECK(text(5, 3, {.max_pixels = 14}).find("the limit is 14 pixels") != std::string::npos);
}

TEST_CASE("what libpng is shown instead of a file is the same picture") {
  // Less than a stored block (32768 bytes), one exactly, two exactly, four and a bit.
  for (const Shape size : {Shape{3, 5, 1}, Shape{128, 255, 1}, Shape{256, 255, 1}, Shape{210, 211, 3}}) {
    CAPTURE(to_string(size));
    const auto image = noise<std::uint8_t>(size);
    const auto png = io::encode_png(image, {.depth = 8}).value();
    const auto raw = static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width * size.channels + 1);
    const auto all = [&](std::size_t claimed, std::size_t piece) {
      const auto stored = io::detail::StoredPng::of(png, claimed);
      io::Bytes bytes, part(piece);
      for (; stored->read(part.data(), piece); part.assign(piece, 0)) bytes.insert(bytes.end(), part.begin(), part.end());
      return bytes;
    };
    const io::Bytes shown = all(raw, 1);
    const std::size_t blocks = (raw + 32767) / 32768;
    CHECK(shown.size() == 33 + 12 + 2 + raw + 5 * blocks + 4 + 12);
    const io::Bytes in_sevens = all(raw, 7);
    CHECK(std::equal(in_sevens.begin(), in_sevens.end(), shown.begin()));
    // zlib, which checks the stream's own sum, finds the same pixels in it.
    std::vector<std::uint8_t> rows(raw);
    uLongf length = rows.size();
    REQUIRE(uncompress(rows.data(), &length, shown.data() + 41, shown.size() - 41 - 16) == Z_OK);
    CHECK(length == raw);
    const auto read = io::read_png_memory(png).value();
    const auto same = convert<std::uint8_t>(read.pixels);
    CHECK(std::equal(image.begin(), image.end(), same.begin(), same.end()));
    // A stream that holds less or more than the header says is not handed on to its end.
    CHECK(all(raw + 1, 1).size() < shown.size());
    CHECK(all(raw - 1, 1).size() < shown.size() - 16);
  }
}

TEST_CASE("pixels in several chunks are one stream, and any damage to it is told") {
  const auto image = noise<std::uint8_t>({37, 53, 3});
  const auto whole = io::encode_png(image, {.depth = 8}).value();
  const std::size_t length = io::detail::big_endian32(whole.data() + 33);  // of the first chunk of pixels
  const std::span<const std::uint8_t> pixels(whole.data() + 41, length);
  const auto built = [&](bool interrupted) {
    io::Bytes png(whole.begin(), whole.begin() + 33);
    for (std::size_t at = 0; at < length; at += 1000)
      io::detail::append_png_chunk(png, "IDAT", pixels.subspan(at, std::min<std::size_t>(1000, length - at)));
    if (interrupted) io::detail::append_png_chunk(png, "tEXt", pixels.first(9));
    png.insert(png.end(), whole.begin() + 41 + static_cast<std::ptrdiff_t>(length) + 4, whole.end());
    return png;
  };
  const auto read = io::read_png_memory(built(false)).value();
  const auto same = convert<std::uint8_t>(read.pixels);
  CHECK(std::equal(image.begin(), image.end(), same.begin(), same.end()));
  CHECK(io::detail::StoredPng::of(built(false), 37 * (53 * 3 + 1)) != nullptr);
  CHECK(io::detail::StoredPng::of(built(true), 37 * (53 * 3 + 1)) == nullptr);
  CHECK_FALSE(io::read_png_memory(built(true)));

  for (const std::size_t at : {length / 2, length + 2}) {  // a pixel, the checksum
    auto damaged = whole;
    damaged[41 + at] ^= 1;
    CHECK(io::read_png_memory(damaged, "d.png").error().message == "cannot read 'd.png': damaged PNG: IDAT: CRC error");
  }
  io::Bytes short_stream(whole.begin(), whole.begin() + 33);
  io::detail::append_png_chunk(short_stream, "IDAT", pixels.first(length / 2));
  io::detail::append_png_chunk(short_stream, "IEND", {});
  CHECK(io::read_png_memory(short_stream, "s.png").error().message.find("cannot read 's.png': damaged PNG: ") == 0);
}

TEST_CASE("the default limit admits 16384 x 16384") {
  CHECK_FALSE(io::detail::check_size("x", "PNG", 16384, 16384, {}));
  CHECK(io::detail::check_size("x", "PNG", 16384, 16385, {}));
}

TEST_CASE("a bomb of one colour is read in bounded memory, or refused by the limit given") {
  const Image<std::uint8_t> black(Shape{3000, 3000, 1});
  io::PngOptions options;
  options.depth = 8;
  options.compression = 9;
  const auto bytes = io::encode_png(black, options).value();
  CHECK(bytes.size() < 20000);
  CHECK(io::read_png_memory(bytes).value().pixels.shape() == Shape{3000, 3000, 1});
  CHECK_FALSE(io::read_png_memory(bytes, "bomb", {.max_pixels = 1000000}));
}

TEST_CASE("a PNG of several bands comes back whole, the same bytes for every thread count") {
  // Wide: one row is a band of its own. The others have bands of many rows, and a last one that is not full.
  const auto shape = GENERATE(Shape{701, 331, 3}, Shape{3, 100003, 3}, Shape{100003, 3, 1}, Shape{1, 1, 1});
  const int depth = GENERATE(8, 16), compression = GENERATE(0, 1, 4);
  Image<std::uint16_t> image(shape);
  std::mt19937 random(5);
  for (std::size_t i = 0; i < image.size(); ++i)  // steps of 257 are exact in 8 bits too
    image.data()[i] = static_cast<std::uint16_t>(257 * ((i / 7 + (random() % 8)) % 256));
  CAPTURE(to_string(shape), depth, compression);
  const auto one = io::encode_png(image, {.depth = depth, .compression = compression, .threads = 1}).value();
  CHECK(one == io::encode_png(image, {.depth = depth, .compression = compression, .threads = 3}).value());
  const auto again = convert<std::uint16_t>(io::read_png_memory(one).value().pixels);
  CHECK(std::equal(image.begin(), image.end(), again.begin(), again.end()));
}

TEST_CASE("what a PNG cannot hold is refused, with the wanted and the given") {
  const auto why = [](const auto& image, io::PngOptions options = {}) {
    return io::encode_png(image, options, "out.png").error().message;
  };
  CHECK(why(Image<float>(Shape{2, 2, 4})) ==
        "cannot write 'out.png': a PNG takes 1 or 3 channels, the picture has 4 (for alpha, pass an Image whose type "
        "says AlphaMode::straight)");
  CHECK(why(Image<float, AlphaMode::straight>(Shape{2, 2, 3})) ==
        "cannot write 'out.png': a PNG with alpha takes 2 or 4 channels, the picture has 3");
  CHECK(why(Image<float>()) == "cannot write 'out.png': the picture is empty (0x0)");
  CHECK(why(Image<float>(Shape{2, 2, 1}), {.depth = 12}) ==
        "cannot write 'out.png': the depth must be 8 or 16 bits, not 12");
  CHECK(why(Image<float>(Shape{2, 2, 1}), {.compression = 10}) ==
        "cannot write 'out.png': the compression level must be 0 to 9, not 10");
}
