#include "staged.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "job_error.hpp"

namespace hairline::tool {

namespace fs = std::filesystem;

namespace {

// Paths that a signal handler removes. A handler may neither allocate nor lock, hence the fixed table of pointers.
constexpr std::size_t slots = 256;
std::array<std::atomic<char*>, slots> pending{};

std::size_t remember(const std::string& path) {
  char* copy = strdup(path.c_str());
  for (std::size_t i = 0; i < slots; ++i) {
    char* none = nullptr;
    if (pending[i].compare_exchange_strong(none, copy)) return i;
  }
  std::free(copy);
  return slots;  // more temporaries than slots: this one is not removed on a signal
}

void forget(std::size_t slot) {
  if (slot < slots) std::free(pending[slot].exchange(nullptr));
}

extern "C" void remove_and_die(int signal_number) {
  for (auto& path : pending)
    if (const char* p = path.load()) unlink(p);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

std::string why() { return std::strerror(errno); }

std::string scratch_folder() {
  const char* folder = std::getenv("TMPDIR");
  return folder && *folder ? folder : "/tmp";
}

// Makes an empty file of a new name in the folder; its permissions follow the umask like any other output's.
std::string make_temporary(const std::string& folder, const std::string& place) {
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; attempt < 100; ++attempt) {
    const std::string path =
        (fs::path(folder) / (".hairline-" + std::to_string(getpid()) + "-" + std::to_string(counter++) + ".tmp"))
            .string();
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) {
      close(file);
      return path;
    }
    if (errno != EEXIST) break;
  }
  throw JobError(place, "wanted a place that can be written, given a folder that cannot: " + why());
}

void copy_all(int from, int to, const std::string& from_name, const std::string& to_name) {
  std::array<char, 1 << 16> block;
  for (;;) {
    const ssize_t got = read(from, block.data(), block.size());
    if (got == 0) return;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw JobError(from_name, "cannot be read: " + why());
    for (ssize_t put = 0; put < got;) {
      const ssize_t n = write(to, block.data() + put, static_cast<std::size_t>(got - put));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw JobError(to_name, "cannot be written: " + why());
      put += n;
    }
  }
}

void stream(const std::string& from, const std::string& place) {
  const bool standard = place == "-";
  const int source = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (source < 0) throw JobError(from, "cannot be read: " + why());
  const int target = standard ? STDOUT_FILENO : open(place.c_str(), O_WRONLY | O_CLOEXEC);
  if (target < 0) {
    const std::string reason = why();
    close(source);
    throw JobError(place, "cannot be written: " + reason);
  }
  try {
    copy_all(source, target, from, standard ? "standard output" : place);
  } catch (...) {
    close(source);
    if (!standard) close(target);
    throw;
  }
  close(source);
  if (!standard && close(target) != 0) throw JobError(place, "cannot be written: " + why());
}

}  // namespace

void fill_temporary(const std::string& temporary, const std::string& place, std::span<const std::uint8_t> bytes) {
  const int file = open(temporary.c_str(), O_WRONLY | O_CLOEXEC);
  std::size_t put = 0;
  bool good = file >= 0;
  while (good && put < bytes.size()) {
    const ssize_t n = write(file, bytes.data() + put, bytes.size() - put);
    good = n >= 0 || errno == EINTR;
    put += n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  std::string reason = good ? std::string() : why();
  if (file >= 0 && close(file) != 0 && good) reason = why();
  if (!reason.empty()) throw JobError(place, "cannot write: " + reason);
}

void remove_temporaries_on_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    action.sa_handler = remove_and_die;
    sigaction(number, &action, nullptr);
  }
  signal(SIGPIPE, SIG_IGN);  // a closed pipe is a write error with a text, not a silent death
}

StagedOutputs::~StagedOutputs() {
  for (const Item& item : items_) {
    unlink(item.temporary.c_str());
    forget(item.signal_slot);
  }
}

std::string StagedOutputs::add(const std::string& path) {
  Item item{path, {}, path == "-", slots};
  std::error_code error;
  if (!item.streamed) {
    const auto status = fs::status(path, error);
    if (fs::is_directory(status)) throw JobError(path, "wanted the name of a file, given a folder");
    item.streamed = fs::exists(status) && !fs::is_regular_file(status);
    if (item.streamed && access(path.c_str(), W_OK) != 0) throw JobError(path, "cannot be written: " + why());
    // A link is written through, as every other program does it.
    if (fs::is_symlink(fs::symlink_status(path, error))) {
      const fs::path real = fs::weakly_canonical(path, error);
      if (!error) item.place = real.string();
    }
  }
  for (const Item& other : items_)
    if (!item.streamed && other.place == item.place) throw JobError(path, "wanted for two outputs at once");
  const fs::path parent = fs::path(item.place).parent_path();
  const std::string folder = item.streamed ? scratch_folder() : parent.empty() ? "." : parent.string();
  if (!fs::is_directory(folder, error)) throw JobError(path, "wanted an existing folder, given '" + folder + "'");
  item.temporary = make_temporary(folder, path);
  item.signal_slot = remember(item.temporary);
  const auto old = fs::status(item.place, error);
  if (!item.streamed && fs::exists(old)) fs::permissions(item.temporary, old.permissions(), error);
  items_.push_back(item);
  return item.temporary;
}

void StagedOutputs::commit() {
  for (const Item& item : items_)
    if (item.streamed) stream(item.temporary, item.place);
  for (const Item& item : items_) {
    if (item.streamed) continue;
    if (rename(item.temporary.c_str(), item.place.c_str()) != 0)
      throw JobError(item.place, "cannot be put in place: " + why());
  }
}

}  // namespace hairline::tool
