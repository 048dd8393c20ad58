// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <string>

#include "common/text.h"
#include "host-service/config/config.h"
#include "host-service/daemon/exit_codes.h"
#include "host-service/daemon/log.h"
#include "host-service/daemon/run.h"
#include "host-service/metrics/table.h"

namespace {

using namespace hypertier;
using namespace hypertier::daemon;

constexpr char kDefaultConfig[] = "/etc/hypertier/hypertierd.toml";

constexpr char kFooter[] =
    "Exit status: 0 stopped as asked, or the configuration is good; 1 failed, see the log; 2 wrong command line or\n"
    "configuration; 3 another hypertierd is running; 4 the ledger cannot be used; 5 an address cannot be listened on.";

struct Flags {
  std::string config = kDefaultConfig;
  bool config_given = false;
  bool check_config = false;
  bool help_config = false;
  bool help_metrics = false;
  std::string log_level;
  std::string log_format;
};

// The file, or the defaults where the default file is not there; what the command line says of the log holds.
absl::StatusOr<Config> ReadConfig(const Flags& flags) {
  std::error_code error;
  absl::StatusOr<Config> config = Config();
  if (flags.config_given || std::filesystem::exists(flags.config, error)) config = LoadConfigFile(flags.config);
  if (config.ok() && !flags.log_level.empty()) config->log.level = flags.log_level;
  if (config.ok() && !flags.log_format.empty()) config->log.format = flags.log_format;
  return config;
}

int Main(Flags flags) {
  if (flags.help_config) {
    std::cout << ConfigReference();
    return kExitOk;
  }
  if (flags.help_metrics) {
    std::cout << MetricsReference(metrics::kTable);
    return kExitOk;
  }
  auto config = ReadConfig(flags);
  if (!config.ok()) {
    std::cerr << ToString(config.status().message()) << '\n';
    return kExitUsage;
  }
  if (flags.check_config) {
    std::cout << "OK\n";
    return kExitOk;
  }
  // Threads are many and allocate little: with an arena for each, glibc would keep a third more memory for a large
  // fleet.
  mallopt(M_ARENA_MAX, 2);
  SetUpLog(config->log.level, config->log.format);
  // A file that is there now must be there when it is read again.
  std::error_code error;
  flags.config_given = flags.config_given || std::filesystem::exists(flags.config, error);
  return Run(*config, [&flags] { return ReadConfig(flags); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("hypertierd: keeps every two-tier VM of this host at its memory targets.", "hypertierd");
  Flags flags;
  const CLI::Option* config =
      app.add_option("--config", flags.config, "Configuration file (TOML)")->capture_default_str();
  app.add_flag("--check-config", flags.check_config, "Check the configuration, print OK or every error, and exit");
  app.add_flag("--help-config", flags.help_config, "Explain every key of the configuration, and exit");
  app.add_flag("--help-metrics", flags.help_metrics, "Explain every metric, as rows of a Markdown table, and exit");
  app.add_option("--log-level", flags.log_level, "Instead of log.level of the configuration")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "critical", "off"}));
  app.add_option("--log-format", flags.log_format, "Instead of log.format of the configuration")
      ->check(CLI::IsMember({"text", "json"}));
  app.set_version_flag("--version", fmt::format("hypertierd {}", HYPERTIER_VERSION));
  app.footer(kFooter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  flags.config_given = config->count() > 0;
  try {
    return Main(flags);
  } catch (const std::exception& error) {
    std::cerr << "hypertierd: " << error.what() << '\n';
    return kExitFailure;
  }
}
