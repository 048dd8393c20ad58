// SPDX-License-Identifier: Apache-2.0
#include <getopt.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "common/text.h"
#include "common/unique_fd.h"
#include "guest-agent/agent.h"
#include "guest-agent/system/event_loop.h"
#include "guest-agent/system/file.h"
#include "guest-agent/system/log.h"

namespace hypertier::agent {
namespace {

constexpr char kUsage[] =
    "usage: hypertier-agent [--port FILE] [--device FILE] [--log-level LEVEL] [--version] [--help]\n"
    "\n"
    "Drives this VM's memory balloons (hyperflex) as hypertierd on the host asks.\n"
    "\n"
    "  --port FILE        virtio-serial port (default: the one named org.hypertier.agent.0)\n"
    "  --device FILE      hyperflex's device (default: /dev/hyperflex)\n"
    "  --log-level LEVEL  debug, info, warning, error or off (default: info)\n"
    "  --version          print the version\n"
    "\n"
    "Logs to standard error, each line with a <N> priority as the journal and /dev/kmsg take it.\n"
    "Exit status: 0 stopped by SIGTERM or SIGINT, 1 cannot run, 2 bad usage.\n";

struct CommandLine {
  AgentOptions agent;
  spdlog::level::level_enum log_level = spdlog::level::info;
};

// Nothing when the process is to exit at once with `exit_status`.
std::optional<CommandLine> Parse(int argc, char** argv, int& exit_status) {
  enum { kPort = 1, kDevice, kLogLevel, kVersion, kHelp, kRoot };
  static const option kOptions[] = {
      {"port", required_argument, nullptr, kPort},
      {"device", required_argument, nullptr, kDevice},
      {"log-level", required_argument, nullptr, kLogLevel},
      {"version", no_argument, nullptr, kVersion},
      {"help", no_argument, nullptr, kHelp},
      {"root", required_argument, nullptr, kRoot},
      {nullptr, 0, nullptr, 0},
  };
  CommandLine line;
  exit_status = 2;
  for (int choice = 0; (choice = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (choice) {
      case kPort:
        line.agent.port = optarg;
        break;
      case kDevice:
        line.agent.device = optarg;
        break;
      case kRoot:
        line.agent.root = optarg;
        break;
      case kLogLevel:
        line.log_level = spdlog::level::from_str(optarg);
        // from_str takes whatever it does not know for "off".
        if (line.log_level == spdlog::level::off && std::strcmp(optarg, "off") != 0) {
          std::fprintf(stderr, "hypertier-agent: --log-level %s: must be debug, info, warning, error or off\n", optarg);
          return std::nullopt;
        }
        break;
      case kVersion:
        std::puts("hypertier-agent " HYPERTIER_VERSION);
        exit_status = 0;
        return std::nullopt;
      case kHelp:
        std::fputs(kUsage, stdout);
        exit_status = 0;
        return std::nullopt;
      default:
        std::fputs(kUsage, stderr);
        return std::nullopt;
    }
  }
  if (optind < argc) {
    std::fprintf(stderr, "hypertier-agent: unexpected argument \"%s\"\n%s", argv[optind], kUsage);
    return std::nullopt;
  }
  return line;
}

Identity WhoAmI(const std::string& root) {
  Identity identity;
  identity.agent_version = HYPERTIER_VERSION;
  utsname name = {};
  if (uname(&name) == 0) identity.kernel_release = name.release;
  identity.boot_id = Trim(ReadFile(root + "/proc/sys/kernel/random/boot_id", 128).value_or(""));
  return identity;
}

int Run(CommandLine line) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const UniqueFd stop_signal(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));

  absl::StatusOr<EventLoop> loop = EventLoop::Create();
  bool stop = false;
  absl::Status status = loop.status();
  if (status.ok()) status = loop->Watch(stop_signal.get(), EPOLLIN, [&stop](std::uint32_t) { stop = true; });
  if (!status.ok()) {
    spdlog::error("cannot start: {}", ToString(status.message()));
    return 1;
  }
  line.agent.identity = WhoAmI(line.agent.root);
  spdlog::info("hypertier-agent {} starts", HYPERTIER_VERSION);
  Agent agent(std::move(line.agent), *loop);
  while (!stop) loop->Wait(agent.Run(Clock::now()));
  spdlog::info("stopped; the balloons stay as they are");
  return 0;
}

}  // namespace
}  // namespace hypertier::agent

int main(int argc, char** argv) {
  using namespace hypertier::agent;
  int exit_status = 0;
  std::optional<CommandLine> line = Parse(argc, argv, exit_status);
  if (!line) return exit_status;
  LogToStderr(line->log_level);
  return Run(std::move(*line));
}
