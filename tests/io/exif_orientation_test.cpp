#include "hairline/io/detail/exif_orientation.hpp"

#include "hairline/io/read.hpp"
#include "tests/io/support.hpp"

using namespace hairline;

namespace {

void put(io::Bytes& to, std::uint32_t value, int count, bool little) {
  for (int i = 0; i < count; ++i) to.push_back(static_cast<std::uint8_t>(value >> 8 * (little ? i : count - 1 - i)));
}

// An Exif block with the orientation as the second of three entries.
io::Bytes exif(std::uint32_t orientation, bool little, std::uint32_t type = 3, std::uint32_t count = 1) {
  io::Bytes b{'E', 'x', 'i', 'f', 0, 0};
  put(b, little ? 0x4949 : 0x4d4d, 2, little);
  put(b, 42, 2, little);
  put(b, 8, 4, little);
  put(b, 3, 2, little);
  const auto entry = [&](std::uint32_t tag, std::uint32_t t, std::uint32_t n, std::uint32_t value) {
    put(b, tag, 2, little);
    put(b, t, 2, little);
    put(b, n, 4, little);
    put(b, value, t == 3 ? 2 : 4, little);
    if (t == 3) put(b, 0, 2, little);
  };
  entry(0x0100, 4, 1, 5);
  entry(0x0112, type, count, orientation);
  entry(0x0128, 3, 1, 2);
  put(b, 0, 4, little);
  return b;
}

io::Bytes with_segment(const io::Bytes& jpeg, const io::Bytes& block) {
  io::Bytes out;
  put(out, 0xffd8, 2, false);
  const auto length = static_cast<std::uint32_t>(block.size() + 2);
  put(out, 0xffe1, 2, false);
  put(out, length, 2, false);
  out.insert(out.end(), block.begin(), block.end());
  out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
  return out;
}

Image<float> mirrored(const Image<float>& in) {
  Image<float> out(in.shape());
  for (int y = 0; y < in.height(); ++y)
    for (int x = 0; x < in.width(); ++x)
      for (int c = 0; c < in.channels(); ++c) out(y, x, c) = in(y, in.width() - 1 - x, c);
  return out;
}
Image<float> turned_clockwise(const Image<float>& in, int times) {
  Image<float> now = in;
  for (int k = 0; k < times; ++k) {
    Image<float> out(Shape{now.width(), now.height(), now.channels()});
    for (int y = 0; y < now.height(); ++y)
      for (int x = 0; x < now.width(); ++x)
        for (int c = 0; c < now.channels(); ++c) out(x, now.height() - 1 - y, c) = now(y, x, c);
    now = std::move(out);
  }
  return now;
}

io::Bytes golden_jpeg() { return test::bytes_of(test::golden_folder() / GENERATE("rgb422.jpg", "grey.jpg")); }

}  // namespace

TEST_CASE("a JPEG is turned as its Exif block says", "[io][jpeg]") {
  const io::Bytes plain = golden_jpeg();
  const Image<float> stored = io::read_memory(plain).value().pixels;
  REQUIRE(stored.width() != stored.height());
  // As cameras are described: first mirrored left to right or not, then turned clockwise by so many quarters.
  struct Case {
    std::uint32_t orientation;
    bool mirror;
    int quarters;
  };
  const auto c = GENERATE(Case{1, false, 0}, Case{2, true, 0}, Case{3, false, 2}, Case{4, true, 2}, Case{5, true, 3},
                          Case{6, false, 1}, Case{7, true, 1}, Case{8, false, 3});
  const Image<float> wanted = turned_clockwise(c.mirror ? mirrored(stored) : stored, c.quarters);
  for (const bool little : {false, true}) {
    const auto seen = io::read_memory(with_segment(plain, exif(c.orientation, little))).value().pixels;
    CAPTURE(c.orientation, little);
    REQUIRE(seen.shape() == wanted.shape());
    CHECK(std::equal(seen.begin(), seen.end(), wanted.begin()));
  }
}

TEST_CASE("damaged Exif blocks leave the picture as it is stored", "[io][jpeg]") {
  const io::Bytes plain = golden_jpeg();
  const auto stored = io::read_memory(plain).value().pixels;
  const auto unchanged = [&](const io::Bytes& block) {
    const auto seen = io::read_memory(with_segment(plain, block)).value().pixels;
    return seen.shape() == stored.shape() && std::equal(seen.begin(), seen.end(), stored.begin());
  };
  for (const std::uint32_t value : {0U, 9U, 65535U}) CHECK(unchanged(exif(value, true)));
  CHECK(unchanged(exif(6, true, 4)));     // of another type
  CHECK(unchanged(exif(6, true, 3, 2)));  // two of them
  const io::Bytes whole = exif(6, true);
  for (std::size_t size = 0; size < 6 + 8 + 2 + 12 + 12; ++size)  // cut anywhere up to the entry's end
    CHECK(unchanged(io::Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))));
  for (const std::uint8_t offset : {0x40, 0xff}) {  // a directory beyond the end
    io::Bytes b = whole;
    b[10] = b[13] = offset;
    CHECK(unchanged(b));
  }
  io::Bytes many = exif(6, true);
  many[14] = many[15] = 0xff;  // 65535 entries, of which three are there
  CHECK_FALSE(unchanged(many));
  many[14 + 2 + 12] = 0;  // and the orientation is none of them
  CHECK(unchanged(many));
  io::Bytes not_exif = whole;
  not_exif[0] = 'X';
  CHECK(unchanged(not_exif));
}

TEST_CASE("the orientation of any bytes is 1 to 8", "[io][jpeg]") {
  const io::Bytes jpeg = with_segment(test::bytes_of(test::golden_folder() / "grey.jpg"), exif(8, false));
  CHECK(io::detail::jpeg_orientation(jpeg) == 8);
  for (std::size_t size = 0; size < 80; ++size) {
    io::Bytes part(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(size));
    const int o = io::detail::jpeg_orientation(part);
    CHECK((o == 1 || o == 8));
    if (size < 4) continue;
    for (const std::uint8_t value : {0x00, 0x7f, 0xff}) {
      part.back() = value;
      const int changed = io::detail::jpeg_orientation(part);
      CHECK((changed >= 1 && changed <= 8));
    }
  }
}
