// Writes one small EXR for each of OpenEXR's compressions, as scanlines and as tiles: seeds for exr_fuzz.
// usage: exr_seeds FOLDER
#include <ImfChannelList.h>
#include <ImfFrameBuffer.h>
#include <ImfHeader.h>
#include <ImfOutputFile.h>
#include <ImfTiledOutputFile.h>
#include <half.h>

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: exr_seeds FOLDER\n"), 2;
  constexpr int width = 12, height = 10;
  std::vector<half> pixels(static_cast<std::size_t>(width * height * 4));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = half(static_cast<float>(i * i % 97) / 64.0f);
  static const char* const names[] = {"none", "rle", "zips", "zip", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab"};
  for (int compression = 0; compression < 10; ++compression)
    for (const bool tiled : {false, true}) {
      Imf::Header header(width, height);
      header.compression() = static_cast<Imf::Compression>(compression);
      Imf::FrameBuffer buffer;
      for (int c = 0; c < 4; ++c) {
        const std::string channel(1, "RGBA"[c]);
        header.channels().insert(channel.c_str(), Imf::Channel(Imf::HALF));
        buffer.insert(channel.c_str(), Imf::Slice(Imf::HALF, reinterpret_cast<char*>(pixels.data() + c),
                                                  4 * sizeof(half), 4 * width * sizeof(half)));
      }
      const std::string path = std::string(argv[1]) + "/" + names[compression] + (tiled ? "_tiles.exr" : ".exr");
      if (tiled) {
        header.setTileDescription(Imf::TileDescription(8, 8, Imf::MIPMAP_LEVELS));
        Imf::TiledOutputFile file(path.c_str(), header, 0);
        file.setFrameBuffer(buffer);
        file.writeTiles(0, file.numXTiles() - 1, 0, file.numYTiles() - 1);
      } else {
        Imf::OutputFile file(path.c_str(), header, 0);
        file.setFrameBuffer(buffer);
        file.writePixels(height);
      }
    }
}
