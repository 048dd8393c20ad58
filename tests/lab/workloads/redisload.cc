// SPDX-License-Identifier: Apache-2.0
// Redis as Debian ships it: keys read and now and then set again, in pipelines over a Unix socket. Each thread has a
// server of its own, on the same CPU, so that no CPU waits for another.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <memory>
#include <vector>

#include "tests/lab/workloads/workload.h"

namespace {

constexpr uint64_t kPiece = 64;  // requests of a pipeline: one look at the queue
constexpr uint64_t kSets = 8;    // one request in so many sets its key
constexpr size_t kDigits = 8;    // of a key; a value begins with its key
constexpr size_t kValue = 1000;  // as in YCSB
// jemalloc's class for a value, and key, object, entry and bucket.
constexpr uint64_t kBytesAKey = 1024 + 16 + 16 + 24 + 16;
// Until a server in a slow guest has started.
constexpr int kStartSeconds = 60;
constexpr std::string_view kSetAnswer = "+OK\r\n", kGetAnswer = "$1000\r\n";

class Server {
 public:
  Server(const std::string& program, unsigned number)
      : path_("/tmp/redisload-" + std::to_string(getpid()) + "-" + std::to_string(number)),
        process_(Start(program, lab::Team::Cpu(number))),
        socket_(Connect()) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The server removes its socket.
  ~Server() {
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
    close(socket_);
  }

  void Get(uint64_t key) {
    requests_ += "*2\r\n$3\r\nGET\r\n$8\r\n" + Digits(key) + "\r\n";
    asked_.push_back({key, false, kGetAnswer.size() + kValue + 2});
  }

  void Set(uint64_t key) {
    const std::string digits = Digits(key);
    requests_ += "*3\r\n$3\r\nSET\r\n$8\r\n" + digits + "\r\n$1000\r\n" + digits;
    requests_.append(kValue - kDigits, '.') += "\r\n";
    asked_.push_back({key, true, kSetAnswer.size()});
  }

  // Sends all that was asked for and checks the answers.
  void Run() {
    size_t bytes = 0;
    for (const Asked& asked : asked_) bytes += asked.answer_bytes;
    answers_.resize(bytes);
    for (size_t at = 0; at < requests_.size();) {
      at += Moved(send(socket_, &requests_[at], requests_.size() - at, MSG_NOSIGNAL));
    }
    for (size_t at = 0; at < bytes;) {
      at += Moved(recv(socket_, &answers_[at], bytes - at, 0));
      // An error is shorter than the answer that it takes the place of.
      if (answers_[0] == '-') lab::Fail("redis-server: " + answers_.substr(0, at));
    }
    std::string_view rest = answers_;
    for (const Asked& asked : asked_) {
      const std::string expected = asked.set ? std::string(kSetAnswer) : std::string(kGetAnswer) + Digits(asked.key);
      if (!rest.starts_with(expected)) lab::Fail("redis-server has lost key " + Digits(asked.key));
      rest.remove_prefix(asked.answer_bytes);
    }
    requests_.clear();
    asked_.clear();
  }

 private:
  struct Asked {
    uint64_t key;
    bool set;
    size_t answer_bytes;
  };

  static std::string Digits(uint64_t key) {
    std::string digits(kDigits, '0');
    for (size_t i = kDigits; i-- > 0; key /= 10) digits[i] = static_cast<char>('0' + key % 10);
    return digits;
  }

  static size_t Moved(ssize_t bytes) {
    if (bytes <= 0) lab::Fail("redis-server has ended");
    return static_cast<size_t>(bytes);
  }

  // At its defaults, but for what concerns disks and networks. It ends with this process.
  pid_t Start(const std::string& program, unsigned cpu) const {
    const pid_t process = fork();
    if (process != 0) return process;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execl(program.c_str(), program.c_str(), "--port", "0", "--unixsocket", path_.c_str(), "--save", "", "--loglevel",
          "warning", nullptr);
    _exit(127);
  }

  int Connect() const {
    const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    for (int i = 0; connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0; i++) {
      if (i == kStartSeconds * 100 || waitpid(process_, nullptr, WNOHANG) != 0) {
        lab::Fail("redis-server does not start; is it installed? apt-get install redis-server");
      }
      usleep(10'000);
    }
    return made;
  }

  const std::string path_;
  const pid_t process_;
  const int socket_;
  std::string requests_, answers_;
  std::vector<Asked> asked_;
};

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "redis", "Redis; popular keys were set one after the other by the --block.");
  const uint64_t bytes = work.Size("bytes", 96 << 20, 1 << 20);
  const uint64_t requests = work.Size("requests", 96 << 10, 16 << 10);
  const uint64_t block = work.options.Number("block", 64);
  const double skew = work.options.Fraction("skew", 0.99);
  const std::string program = work.options.Text("server", "/usr/bin/redis-server");
  work.options.CheckAll();

  const auto blocks = static_cast<uint32_t>(bytes / work.team.threads() / kBytesAKey / block);
  if (blocks == 0) lab::Fail("--bytes is too small for one --block of keys a thread");
  std::vector<std::unique_ptr<Server>> servers;
  for (unsigned i = 0; i < work.team.threads(); i++) servers.push_back(std::make_unique<Server>(program, i));
  work.team.Run([&](unsigned thread) {
    for (uint64_t key = 0; key < blocks * block; key++) {
      servers[thread]->Set(key);
      if ((key + 1) % kPiece == 0) servers[thread]->Run();
    }
    servers[thread]->Run();
  });
  const lab::Zipf zipf(blocks, skew);
  const std::vector<uint32_t> order = lab::Shuffled(blocks, work.seed);
  const uint64_t pieces = (requests + kPiece - 1) / kPiece;
  const auto run = [&](uint64_t pass) {
    work.team.ForEach(pieces, [&](unsigned thread, uint64_t piece) {
      lab::Random random(work.seed, pass * pieces + piece);
      for (uint64_t i = 0; i < kPiece; i++) {
        const uint64_t key = order[zipf.Draw(random)] * block + random.Below(block);
        i % kSets == 0 ? servers[thread]->Set(key) : servers[thread]->Get(key);
      }
      servers[thread]->Run();
    });
  };
  if (work.verify) {
    run(0);
    return work.Verified(true, "");
  }
  work.Measure(run);
  return work.Report(work.passes() * pieces * kPiece);
}
