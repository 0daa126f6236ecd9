#include "hairline/io/read.hpp"

#include <cmath>
#include <limits>

#include "hairline/core/alpha_mode.hpp"
#include "hairline/io/exr.hpp"
#include "hairline/io/png.hpp"
#include "tests/io/support.hpp"

using namespace hairline;

namespace {
template <AlphaMode Mode>
Image<float, Mode> one_pixel(std::initializer_list<float> values) {
  Image<float, Mode> image(Shape{1, 1, static_cast<int>(values.size())});
  std::copy(values.begin(), values.end(), image.begin());
  return image;
}
}  // namespace

TEST_CASE("the bytes decide the format, not the name") {
  const test::Folder folder;
  io::write_exr(folder / "x.png", Image<float>(Shape{2, 2, 3}, 0.5f)).value();
  CHECK(io::read(folder / "x.png").value().pixels(1, 1, 2) == 0.5f);
}

TEST_CASE("read_image gives three channels whatever the file has") {
  const test::Folder folder;
  io::write_png(folder / "grey.png", one_pixel<AlphaMode::none>({0.2f}), {.depth = 8}).value();
  const auto grey = io::read_image(folder / "grey.png").value();
  REQUIRE(grey.shape() == Shape{1, 1, 3});
  for (int c = 0; c < 3; ++c) CHECK(grey(0, 0, c) == 51.0f / 255.0f);
  io::write_png(folder / "rgba.png", one_pixel<AlphaMode::straight>({0.2f, 0.4f, 0.6f, 0.0f}), {.depth = 8}).value();
  CHECK(io::read_image(folder / "rgba.png").value()(0, 0, 1) == 102.0f / 255.0f);
  io::write_exr(folder / "rgba.exr", one_pixel<AlphaMode::associated>({0.25f, 0.125f, 0.5f, 0.5f})).value();
  const auto divided = io::read_image(folder / "rgba.exr").value();
  CHECK(divided(0, 0, 0) == 0.5f);
  CHECK(divided(0, 0, 2) == 1.0f);
  io::write_exr(folder / "glow.exr", one_pixel<AlphaMode::associated>({0.25f, 0.125f, 0.5f, 0.0f})).value();
  CHECK(io::read_image(folder / "glow.exr").value()(0, 0, 0) == 0.25f);
}

TEST_CASE("read_plane gives one channel: grey exactly, else luma") {
  const test::Folder folder;
  const float grey = 12345.0f / 65535.0f;
  io::write_png(folder / "rgb_grey.png", one_pixel<AlphaMode::none>({grey, grey, grey})).value();
  CHECK(io::read_plane(folder / "rgb_grey.png").value()(0, 0) == grey);
  io::write_exr(folder / "rgb.exr", one_pixel<AlphaMode::none>({0.25f, 0.5f, 1.0f})).value();
  CHECK(io::read_plane(folder / "rgb.exr").value()(0, 0) == Approx(0.299 * 0.25 + 0.587 * 0.5 + 0.114).margin(1e-7));
  io::write_png(folder / "ga.png", one_pixel<AlphaMode::straight>({grey, 0.0f})).value();
  const auto plane = io::read_plane(folder / "ga.png").value();
  CHECK(plane.shape() == Shape{1, 1, 1});
  CHECK(plane(0, 0) == grey);
}

TEST_CASE("read_rgba gives straight alpha, opaque where the file has none") {
  const test::Folder folder;
  io::write_png(folder / "grey.png", one_pixel<AlphaMode::none>({1.0f})).value();
  const auto opaque = io::read_rgba(folder / "grey.png").value();
  REQUIRE(opaque.shape() == Shape{1, 1, 4});
  for (int c = 0; c < 4; ++c) CHECK(opaque(0, 0, c) == 1.0f);
  io::write_exr(folder / "rgba.exr", one_pixel<AlphaMode::associated>({0.25f, 0.125f, 0.5f, 0.5f})).value();
  const auto straight = io::read_rgba(folder / "rgba.exr").value();
  CHECK(straight(0, 0, 0) == 0.5f);
  CHECK(straight(0, 0, 3) == 0.5f);
  CHECK_FALSE(io::read_rgba(folder / "none"));
}

TEST_CASE("damaged and hostile files of the other formats are refused") {
  const auto golden = [](const char* name) { return test::bytes_of(test::golden_folder() / name); };
  const auto why = [](const io::Bytes& bytes, io::ReadLimits limits = {}) {
    const auto result = io::read_memory(bytes, "x", limits);
    REQUIRE_FALSE(result);
    return result.error().message;
  };
  auto jpeg = golden("rgb444.jpg");
  const std::uint8_t frame[] = {0xff, 0xc0, 0x00, 0x11, 0x08};
  const auto sof = std::search(jpeg.begin(), jpeg.end(), std::begin(frame), std::end(frame));
  REQUIRE(sof != jpeg.end());
  for (int i = 5; i < 9; ++i) sof[i] = 0xff;
  CHECK(why(jpeg) ==
        "cannot read 'x': its JPEG header claims 65535x65535 pixels; the limit is 268435456 pixels in all "
        "(ReadLimits::max_pixels)");
  sof[5] = sof[7] = 0x30;
  CHECK(why(jpeg).find("which cannot be in a file of") != std::string::npos);
  sof[5] = sof[6] = 0;
  CHECK(why(jpeg).find("holds no pixels") != std::string::npos);
  jpeg = golden("restart.jpg");
  const std::uint8_t restart[] = {0xff, 0xd0};
  const auto marker = std::search(jpeg.begin(), jpeg.end(), std::begin(restart), std::end(restart));
  REQUIRE(marker != jpeg.end());
  jpeg.erase(marker, marker + 2);
  CHECK(why(jpeg) == "cannot read 'x': damaged JPEG: restart markers are missing");

  auto bmp = golden("rgb.bmp");
  for (std::size_t i : {20u, 24u}) bmp[i] = 0x7f;
  CHECK(why(bmp).find("its BMP header claims 8323077x8323075 pixels; the limit is") != std::string::npos);
  bmp = golden("palette8.bmp");
  CHECK(why({bmp.begin(), bmp.end() - 20}).find("which cannot be in a file of") != std::string::npos);
  bmp = golden("rgb.bmp");
  bmp[30] = 1;
  CHECK(why(bmp) == "cannot read 'x': compression kind 1 is not supported in BMP files");

  auto tga = golden("rgb.tga");
  tga[12] = tga[13] = tga[14] = tga[15] = 0xff;
  CHECK(why(tga).find("its TGA header claims 65535x65535 pixels; the limit is") != std::string::npos);
  tga = golden("palette.tga");
  tga[5] = 1;
  CHECK(why(tga).find("a pixel beyond the palette of 1 colours") != std::string::npos);
  tga = golden("rgb.tga");
  tga[17] |= 0x10;
  CHECK(why(tga) == "cannot read 'x': right-to-left or interleaved order is not supported in TGA files");
}

TEST_CASE("real pictures are read and survive being written") {
  const auto path = std::filesystem::path(HAIRLINE_SHARED_DATA) / "lemur" / "lemur.png";
  if (!std::filesystem::exists(path)) return;
  const auto image = io::read_image(path.string()).value();
  const auto again = io::read_png_memory(io::encode_png(image).value()).value();
  CHECK(std::equal(image.begin(), image.end(), again.pixels.begin(), again.pixels.end()));
}

TEST_CASE("the file's own pixels are those that its floats come from, at every depth and number of channels") {
  const auto check = [](const auto& image, int depth, PixelType type) {
    io::PngOptions options;
    options.depth = depth;
    const auto bytes = io::encode_png(image, options).value();
    const auto stored = io::read_stored_memory(bytes).value();
    const auto floats = io::read_memory(bytes).value();
    INFO(to_string(image.shape()) << " at " << depth);
    CHECK(stored.pixels.type() == type);
    CHECK(stored.alpha == floats.alpha);
    CHECK(stored.bit_depth == floats.bit_depth);
    CHECK(std::equal(image.begin(), image.end(), convert<std::uint16_t>(stored.pixels).begin()));
    const auto same = [](const AnyImage& own, const Image<float>& wanted) {
      const auto given = to_float(own);
      return given.shape() == wanted.shape() && std::equal(given.begin(), given.end(), wanted.begin(), wanted.end());
    };
    CHECK(same(stored.pixels, floats.pixels));
    CHECK(same(io::to_any_image(stored), io::to_image(floats)));
    CHECK(same(io::to_any_plane(stored), io::to_plane(floats)));
    CHECK(io::to_any_image(stored).type() == type);
    const bool grey = image.channels() < 3;
    CHECK(io::to_any_plane(stored).type() == (grey ? type : PixelType::f32));
  };
  for (const int channels : {1, 2, 3, 4}) {
    Image<std::uint16_t> image(Shape{5, 7, channels});
    std::uint32_t v = 1;
    for (auto& p : image) p = static_cast<std::uint16_t>(257 * ((v = v * 1664525 + 1013904223) >> 24));
    Image<std::uint16_t, AlphaMode::straight> with_alpha(image.shape());
    std::copy(image.begin(), image.end(), with_alpha.begin());
    for (const int depth : {8, 16}) {
      const PixelType type = depth == 8 ? PixelType::u8 : PixelType::u16;
      if (channels % 2 == 0) {
        check(with_alpha, depth, type);
      } else {
        check(image, depth, type);
      }
    }
  }
}

TEST_CASE("a coloured file of equal channels is one channel of its own pixels; an EXR stays in floats") {
  Image<std::uint8_t> image(Shape{3, 4, 3});
  for (std::size_t i = 0; i < image.size(); ++i) image.data()[i] = static_cast<std::uint8_t>(10 * (i / 3));
  const auto png = io::encode_png(image, {.depth = 8}).value();
  const AnyImage plane = io::to_any_plane(io::read_stored_memory(png).value());
  CHECK(plane.type() == PixelType::u8);
  CHECK(plane.shape() == Shape{3, 4, 1});
  plane.view().visit([&](auto v) { CHECK(v(2, 3) == image(2, 3)); });
  const auto exr = io::read_stored_memory(io::encode_exr(image).value()).value();
  CHECK(exr.pixels.type() == PixelType::f32);
}
