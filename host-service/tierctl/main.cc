// SPDX-License-Identifier: Apache-2.0
//
// tierctl: the command line of HyperTier.
#include <CLI/CLI.hpp>
#include <clocale>
#include <cstdlib>
#include <map>

#include "host-service/tierctl/registration.h"

namespace {

using hypertier::tierctl::Output;

constexpr char kDefaultEndpoint[] = "unix:/run/hypertier/hypertierd.sock";

constexpr char kFooter[] = R"(
Exit codes: 0 done; 1 the resize ended without reaching its targets; 2 wrong command line; 3 no such VM, tenant,
operation or file; 4 refused (out of range, not managed, not admitted, exists, changed by somebody else, cannot be
shaped); 5 hypertierd, or for report Prometheus, does not answer; 6 other errors; 130 Ctrl-C.)";

}  // namespace

int main(int argc, char** argv) {
  // Only what characters are: numbers keep their point.
  std::setlocale(LC_CTYPE, "");
  CLI::App app("Shows, sells and resizes the memory tiers of this host's VMs.", "tierctl");
  app.set_version_flag("--version", HYPERTIER_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();

  hypertier::tierctl::Session session;
  const char* endpoint = std::getenv("HYPERTIER_ENDPOINT");
  session.context.endpoint = endpoint != nullptr ? endpoint : kDefaultEndpoint;
  app.add_option("--endpoint", session.context.endpoint, "hypertierd's gRPC address (environment: HYPERTIER_ENDPOINT)")
      ->capture_default_str()
      ->take_last();
  const std::map<std::string, Output> outputs{
      {"table", Output::kTable}, {"wide", Output::kWide}, {"json", Output::kJson}, {"name", Output::kName}};
  app.add_option("-o,--output", session.context.output,
                 "table, wide (of list and watch: more columns), json (one object a line, fields as in proto/) or name")
      ->transform(CLI::CheckedTransformer(outputs).description(""))
      ->type_name("FORMAT");

  AddVmCommands(app, session);
  AddQosCommands(app, session);
  AddToolCommands(app, session);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : hypertier::tierctl::kUsage;
  }
  return session.exit_code;
}
