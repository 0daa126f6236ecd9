#include "hairline/io/file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "hairline/io/png.hpp"
#include "hairline/io/read.hpp"
#include "tests/io/support.hpp"

using namespace hairline;
namespace fs = std::filesystem;

namespace {
io::Bytes text_bytes(const std::string& text) { return io::Bytes(text.begin(), text.end()); }

/// No file of this process may grow beyond `bytes`: a disk that is full for files.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};
}  // namespace

TEST_CASE("a file is written, replaced and read back whole") {
  const test::Folder folder;
  const auto path = folder / "a.bin";
  io::write_file(path, text_bytes("first")).value();
  CHECK(io::read_file(path).value() == text_bytes("first"));
  ::chmod(path.c_str(), 0640);
  const io::Bytes large(3000000, 7);
  io::write_file(path, large).value();
  CHECK(io::read_file(path).value() == large);
  CHECK((fs::status(path).permissions() & fs::perms::mask) == static_cast<fs::perms>(0640));
  CHECK(folder.names() == std::vector<std::string>{"a.bin"});
}

TEST_CASE("a link stays a link, and what it names is replaced") {
  const test::Folder folder;
  io::write_file(folder / "real", text_bytes("old")).value();
  fs::create_symlink("real", folder / "link");
  io::write_file(folder / "link", text_bytes("new")).value();
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(io::read_file(folder / "real").value() == text_bytes("new"));
  fs::create_symlink("nowhere", folder / "dangling");
  io::write_file(folder / "dangling", text_bytes("x")).value();
  CHECK(io::read_file(folder / "nowhere").value() == text_bytes("x"));
  CHECK(fs::is_symlink(folder / "dangling"));
  fs::create_symlink("circle", folder / "circle");
  CHECK(io::write_file(folder / "circle", text_bytes("x")).error().message.find("links name each other") !=
        std::string::npos);
}

TEST_CASE("a full disk leaves the older file intact and nothing else behind") {
  const test::Folder folder;
  const auto path = folder / "a.png";
  const auto old = text_bytes("the older file");
  io::write_file(path, old).value();
  Result<void> small, large;
  {
    const FullDisk full(1000);
    small = io::write_png(path, Image<float>(Shape{300, 300, 3}, 0.3f), {.depth = 8, .compression = 0});
    large = io::write_file(folder / "new", io::Bytes(100000));
  }
  REQUIRE_FALSE(small);
  CHECK(small.error().code == ErrorCode::io);
  CHECK(small.error().message == "cannot write '" + path + "': File too large");
  REQUIRE_FALSE(large);
  CHECK(io::read_file(path).value() == old);
  CHECK(folder.names() == std::vector<std::string>{"a.png"});
}

TEST_CASE("a device is written to directly, and its refusal is told") {
  const auto full = io::write_png("/dev/full", Image<float>(Shape{2, 2, 1}));
  REQUIRE_FALSE(full);
  CHECK(full.error().message == "cannot write '/dev/full': No space left on device");
  CHECK(fs::is_character_file("/dev/full"));
  CHECK(io::write_png("/dev/null", Image<float>(Shape{2, 2, 1})));
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("where no file can be written, one error names the file and the reason") {
  const test::Folder folder;
  const auto why = [](const std::string& path) {
    const auto result = io::write_file(path, text_bytes("x"));
    REQUIRE_FALSE(result);
    return result.error().message;
  };
  CHECK(why(folder / "no/such/a.png") ==
        "cannot write '" + (folder / "no/such/a.png") + "': there is no folder '" + (folder / "no/such") + "'");
  CHECK(why(folder.string()) == "cannot write '" + folder.string() + "': it is a folder");
  CHECK(why("") == "cannot write '': the file name is empty");
  io::write_file(folder / "file", text_bytes("x")).value();
  CHECK(why(folder / "file/a.png").find("there is no folder") != std::string::npos);
  CHECK(why("/proc/a.png").find("the folder '/proc' takes no new file") != std::string::npos);
  const auto long_name = folder / std::string(300, 'n');
  CHECK(why(long_name).find("File name too long") != std::string::npos);
  CHECK(folder.names() == std::vector<std::string>{"file"});
  if (::geteuid() != 0) {
    fs::create_directory(folder / "locked");
    fs::permissions(folder / "locked", fs::perms::owner_read | fs::perms::owner_exec);
    CHECK(why(folder / "locked/a.png").find("takes no new file: Permission denied") != std::string::npos);
  }
}

TEST_CASE("two writers of one file: the result is one of theirs, whole") {
  const test::Folder folder;
  const auto path = folder / "shared";
  const auto write = [&](std::uint8_t v) {
    for (int i = 0; i < 30; ++i) io::write_file(path, io::Bytes(50000, v)).value();
  };
  std::thread one(write, std::uint8_t{1}), two(write, std::uint8_t{2});
  std::size_t torn = 0;
  for (int i = 0; i < 100; ++i) {
    const auto bytes = io::read_file(path);
    if (bytes && (*bytes != io::Bytes(50000, (*bytes)[0]))) ++torn;
  }
  one.join();
  two.join();
  CHECK(torn == 0);
  CHECK(folder.names() == std::vector<std::string>{"shared"});
}

TEST_CASE("what cannot be read is named with its reason") {
  const test::Folder folder;
  const auto why = [](const std::string& path, io::ReadLimits limits = {}) {
    const auto result = io::read(path, limits);
    REQUIRE_FALSE(result);
    return result.error();
  };
  CHECK(why(folder / "none.png").message == "cannot read '" + (folder / "none.png") + "': there is no such file");
  CHECK(why(folder / "none.png").code == ErrorCode::not_found);
  CHECK(why(folder.string()).message == "cannot read '" + folder.string() + "': it is a folder");
  CHECK(why("").message == "cannot read '': there is no such file");
  io::write_file(folder / "empty", {}).value();
  CHECK(why(folder / "empty").message == "cannot read '" + (folder / "empty") + "': the file is empty");
  io::write_file(folder / "text.png", text_bytes("Hello")).value();
  CHECK(why(folder / "text.png").message ==
        "cannot read '" + (folder / "text.png") +
            "': unknown format (it begins 48 65 6c 6c 6f); known are PNG, JPEG, EXR, BMP and TGA");
  io::write_file(folder / "large", io::Bytes(1000)).value();
  CHECK(why(folder / "large", {.max_bytes = 999}).message ==
        "cannot read '" + (folder / "large") +
            "': the file is larger than the limit of 999 bytes (ReadLimits::max_bytes)");
  CHECK(why("/dev/zero", {.max_bytes = 100000}).message.find("larger than the limit") != std::string::npos);
}

TEST_CASE("a pipe is read to its end") {
  const test::Folder folder;
  const auto path = folder / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const io::Bytes sent(200000, 3);
  std::thread writer([&] { io::write_file(path, sent).value(); });
  const auto got = io::read_file(path);
  writer.join();
  CHECK(got.value() == sent);
  CHECK(fs::is_fifo(path));
}
