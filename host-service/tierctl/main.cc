// SPDX-License-Identifier: Apache-2.0
//
// tierctl: the command line of HyperTier.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

#include "common/text.h"
#include "host-service/tierctl/commands.h"

namespace {

using hypertier::Bytes;
using hypertier::ParseBytes;
using hypertier::TierId;
using hypertier::domain::ShapeOptions;
using hypertier::tierctl::Context;
using hypertier::tierctl::Output;
using hypertier::tierctl::ResizeOptions;

constexpr char kDefaultEndpoint[] = "unix:/run/hypertier/hypertierd.sock";

constexpr char kFooter[] = R"(
Exit codes: 0 done; 1 the resize ended without reaching its targets; 2 wrong command line; 3 no such VM, operation or
file; 4 refused (out of range, not managed, cannot be shaped); 5 hypertierd does not answer; 6 other errors; 130 Ctrl-C.)";

// Makes a CLI option that takes a size and complains in our words.
void AddSize(CLI::App& app, const std::string& flag, const std::string& help, const std::function<void(Bytes)>& set,
             bool required) {
  CLI::Option* option = app.add_option_function<std::string>(
      flag,
      [flag, set](const std::string& text) {
        const auto size = ParseBytes(text);
        if (!size.ok()) throw CLI::ValidationError(flag, hypertier::ToString(size.status().message()));
        set(*size);
      },
      help);
  option->type_name("SIZE")->required(required);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Shows and resizes the memory tiers of this host's VMs.", "tierctl");
  app.set_version_flag("--version", HYPERTIER_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();

  Context context;
  const char* endpoint = std::getenv("HYPERTIER_ENDPOINT");
  context.endpoint = endpoint != nullptr ? endpoint : kDefaultEndpoint;
  app.add_option("--endpoint", context.endpoint, "hypertierd's gRPC address (environment: HYPERTIER_ENDPOINT)")
      ->capture_default_str()
      ->take_last();
  const std::map<std::string, Output> outputs{
      {"table", Output::kTable}, {"json", Output::kJson}, {"name", Output::kName}};
  app.add_option("-o,--output", context.output, "table, json (one object a line, fields as in proto/) or name")
      ->transform(CLI::CheckedTransformer(outputs).description(""))
      ->type_name("FORMAT");

  int exit_code = 0;
  std::string vm;
  std::string operation;
  std::vector<std::string> vms;

  app.add_subcommand("list", "All VMs, a row a tier")->callback([&] { exit_code = List(context); });

  CLI::App* get = app.add_subcommand("get", "All that is known of one VM");
  get->add_option("vm", vm, "Domain name or vms/UUID")->required();
  get->callback([&] { exit_code = Get(context, vm); });

  ResizeOptions resize_options;
  CLI::App* resize = app.add_subcommand("resize", "Sets new tier targets of a VM and shows the progress");
  resize->add_option("vm", resize_options.vm, "Domain name or vms/UUID")->required();
  resize->add_option("--fmem", resize_options.fmem, "Fast memory: 1GiB sets, +512MiB or -512MiB changes")
      ->type_name("SIZE");
  resize->add_option("--smem", resize_options.smem, "Slow memory, likewise")->type_name("SIZE");
  resize->add_flag("!--no-wait", resize_options.wait, "Print the operation's name and return at once");
  resize->add_flag("--dry-run", resize_options.dry_run, "Only check whether it would be accepted");
  resize->add_option("--timeout", resize_options.timeout_s, "Seconds after which the operation fails")->type_name("S");
  resize->callback([&] { exit_code = Resize(context, resize_options); });

  CLI::App* watch = app.add_subcommand("watch", "The table of `list`, kept up to date");
  watch->add_option("vm", vms, "Domain names or vms/UUID; all when none is named");
  watch->callback([&] { exit_code = Watch(context, vms); });

  CLI::App* operations = app.add_subcommand("operations", "Resizes under way and of the last hour");
  operations->add_option("vm", vm, "Only those of this VM");
  operations->callback([&] { exit_code = ListOperations(context, vm); });

  CLI::App* wait = app.add_subcommand("wait", "Shows the progress of an operation until it has ended");
  wait->add_option("operation", operation, "operations/ID")->required();
  wait->callback([&] { exit_code = WaitOperation(context, operation); });

  CLI::App* cancel = app.add_subcommand("cancel", "Stops a resize where it is");
  cancel->add_option("operation", operation, "operations/ID")->required();
  cancel->callback([&] { exit_code = CancelOperation(context, operation); });

  std::string file = "-";
  ShapeOptions shape;
  CLI::App* domain_xml = app.add_subcommand("domain-xml", "Turns a libvirt domain XML into a two-tier one");
  domain_xml->add_option("file", file, "Domain XML; standard input when absent or -");
  AddSize(
      *domain_xml, "--fmem-cell", "Most fast memory the VM can ever have", [&](Bytes b) { shape.cells.fmem() = b; },
      true);
  AddSize(
      *domain_xml, "--smem-cell", "Most slow memory the VM can ever have", [&](Bytes b) { shape.cells.smem() = b; },
      true);
  AddSize(
      *domain_xml, "--fmem-target", "Fast memory at boot (default: the cell)",
      [&](Bytes b) { shape.targets.fmem() = b; }, false);
  AddSize(
      *domain_xml, "--smem-target", "Slow memory at boot (default: the cell)",
      [&](Bytes b) { shape.targets.smem() = b; }, false);
  domain_xml->add_option("--fmem-node", shape.host_nodes.fmem(), "Host NUMA nodes that back FMEM")->type_name("NODES");
  domain_xml->add_option("--smem-node", shape.host_nodes.smem(), "Host NUMA nodes that back SMEM")->type_name("NODES");
  domain_xml->add_option("--fmem-latency", shape.latency_ns.fmem(), "Read latency told to the guest")
      ->type_name("NS")
      ->capture_default_str();
  domain_xml->add_option("--smem-latency", shape.latency_ns.smem(), "Read latency told to the guest")
      ->type_name("NS")
      ->capture_default_str();
  domain_xml->add_option("--tenant", shape.tenant, "Tenant, kept in the domain's metadata");
  domain_xml->callback([&] { exit_code = hypertier::tierctl::DomainXml(file, shape); });

  std::string shell;
  CLI::App* completion = app.add_subcommand("completion", "Prints the completion script for a shell");
  completion->add_option("shell", shell, "bash")->required()->check(CLI::IsMember({"bash"}));
  completion->callback([&] { exit_code = hypertier::tierctl::Completion(); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : hypertier::tierctl::kUsage;
  }
  return exit_code;
}
