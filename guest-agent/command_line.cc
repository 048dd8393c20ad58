// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "common/text.h"
#include "guest-agent/metrics/table.h"

namespace hypertier::agent {
namespace {

// Ten years in seconds: what is added to a clock must not overflow.
constexpr std::int64_t kMostDuration = 315360000;

constexpr char kFooter[] =
    "Without a command it runs: drives this VM's memory balloons (hyperflex) as hypertierd on the host asks, and "
    "keeps\n"
    "the hottest memory of the VM's programs in the fast tier (hyperplace).\n"
    "Logs to standard error, each line with a <N> priority as the journal and /dev/kmsg take it, or as JSON.\n"
    "Exit status: 0 stopped by SIGTERM or SIGINT, or done; 1 cannot run; 2 bad usage.";

void AddSize(CLI::App& app, const std::string& flag, const std::string& help, Bytes& to) {
  app.add_option_function<std::string>(
         flag,
         [flag, &to](const std::string& text) {
           const absl::StatusOr<Bytes> size = ParseBytes(text);
           if (!size.ok()) throw CLI::ValidationError(flag, ToString(size.status().message()));
           to = *size;
         },
         help + " (" + FormatBytes(to) + ")")
      ->type_name("SIZE");
}

template <typename Duration>
void AddDuration(CLI::App& app, const std::string& flag, const std::string& unit, const std::string& help,
                 Duration& to) {
  app.add_option_function<typename Duration::rep>(
         flag, [&to](const typename Duration::rep& count) { to = Duration(count); }, help)
      ->type_name(unit)
      ->default_str(CLI::detail::to_string(to.count()))
      ->check(CLI::Range(typename Duration::rep{0}, static_cast<typename Duration::rep>(kMostDuration)));
}

// Which accesses are known, and whose.
void AddSource(CLI::App& app, PlacementOptions& options) {
  app.add_option("--source", options.source.source,
                 "Where accesses are known from: auto, pebs, accessed-bit, replay:FILE or none")
      ->capture_default_str();
  app.add_option("--pebs-period", options.source.pebs.load_period, "Loads between two samples")->capture_default_str();
  app.add_option("--pebs-store-period", options.source.pebs.store_period, "Stores between two samples; 0: none")
      ->capture_default_str();
  AddDuration(app, "--pebs-latency", "NS", "Loads that take less are not sampled", options.source.pebs.load_latency);
  AddSize(app, "--min-resident", "Processes with less resident memory are left alone",
          options.discovery.selection.min_resident);
  app.add_option("--cgroup", options.discovery.selection.cgroups,
                 "Only processes of this cgroup (v2 path) or below; may be given again")
      ->take_all();
  app.add_option("--command", options.discovery.selection.commands,
                 "Only processes whose command matches this pattern; may be given again")
      ->take_all();
}

void AddRun(CLI::App& app, CommandLine& line) {
  app.add_option("--port", line.agent.port, "Virtio-serial port (default: the one named org.hypertier.agent.0)");
  app.add_option("--device", line.agent.device, "hyperflex's device")->capture_default_str();
  app.add_option("--metrics", line.metrics,
                 "Serve Prometheus' /metrics on this address, e.g. 127.0.0.1:9843 (default: nowhere)")
      ->type_name("HOST:PORT");
  AddSize(app, "--move-rate", "Pages are moved at this rate a second at most", line.placement.mover.per_second);
  app.add_option("--split-confidence", line.placement.ranges.split_confidence,
                 "Standard errors between two parts of a range that is split there")
      ->capture_default_str();
  AddDuration(app, "--adapt-interval", "S", "Ranges are split and joined this often",
              line.placement.ranges.adapt_interval);
  AddDuration(app, "--placement-log", "S", "Print a line of JSON about placement this often; 0: never",
              line.placement_log);
}

void AddRecord(CLI::App& app, CommandLine& line) {
  app.add_option("--output,-o", line.output, "File to write; only its owner may read it")->required();
  AddDuration(app, "--duration", "S", "How long to record", line.duration);
  AddSize(app, "--most", "Stop when the file is this large", line.most);
}

}  // namespace

std::optional<CommandLine> ParseCommandLine(int argc, char** argv, int& exit_status) {
  CommandLine line;
  CLI::App app("hypertier-agent: the part of HyperTier that runs in a VM.", "hypertier-agent");
  app.set_version_flag("--version", "hypertier-agent " HYPERTIER_VERSION);
  app.footer(kFooter);
  app.fallthrough();
  app.option_defaults()->take_last();
  std::string log_level = "info";
  app.add_option("--log-level", log_level, "debug, info, warning, error or off")
      ->capture_default_str()
      ->check(CLI::IsMember(std::set<std::string>{"debug", "info", "warning", "error", "off"}));
  const std::map<std::string, LogFormat> formats{{"text", LogFormat::kText}, {"json", LogFormat::kJson}};
  app.add_option("--log-format", line.log_format, "text (default), or json: one object a line")
      ->transform(CLI::CheckedTransformer(formats).description(""))
      ->type_name("FORMAT");
  app.add_flag_callback(
      "--help-metrics",
      [] {
        fmt::print("{}", MetricsReference(kTable));
        throw CLI::Success();
      },
      "Explain every metric, as rows of a Markdown table, and exit");
  // A fixture tree, for tests.
  app.add_option("--root", line.agent.root)->group("");
  AddRun(app, line);
  AddSource(app, line.placement);

  CLI::App* const probe =
      app.add_subcommand("probe", "Say which ways to know accesses work here, and why others do not");
  CLI::App* const record = app.add_subcommand("record", "Write what is accessed to a file, for --source replay:FILE");
  AddRecord(*record, line);
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error) == 0 ? 0 : kExitUsage;
    return std::nullopt;
  }
  if (*probe) line.command = CommandLine::Command::kProbe;
  if (*record) line.command = CommandLine::Command::kRecord;
  line.log_level = spdlog::level::from_str(log_level);
  line.placement.root = line.placement.source.root = line.agent.root;
  line.placement.hyperflex = line.agent.device;
  return line;
}

}  // namespace hypertier::agent
