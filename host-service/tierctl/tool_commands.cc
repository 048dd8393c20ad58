// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "host-service/tierctl/registration.h"

namespace hypertier::tierctl {
namespace {

void AddDomainXml(CLI::App& app, Session& session) {
  const auto file = std::make_shared<std::string>("-");
  const auto shape = std::make_shared<domain::ShapeOptions>();
  CLI::App& domain_xml = *app.add_subcommand("domain-xml", "Turns a libvirt domain XML into a two-tier one");
  domain_xml.add_option("file", *file, "Domain XML; standard input when absent or -");
  AddSize(
      domain_xml, "--fmem-cell", "Most fast memory the VM can ever have", [shape](Bytes b) { shape->cells.fmem() = b; },
      true);
  AddSize(
      domain_xml, "--smem-cell", "Most slow memory the VM can ever have", [shape](Bytes b) { shape->cells.smem() = b; },
      true);
  AddSize(
      domain_xml, "--fmem-target", "Fast memory at boot (default: the cell)",
      [shape](Bytes b) { shape->targets.fmem() = b; }, false);
  AddSize(
      domain_xml, "--smem-target", "Slow memory at boot (default: the cell)",
      [shape](Bytes b) { shape->targets.smem() = b; }, false);
  const std::map<std::string, domain::Provisioner> provisioners{{"double-balloon", domain::Provisioner::kDoubleBalloon},
                                                                {"virtio-mem", domain::Provisioner::kVirtioMem}};
  domain_xml
      .add_option("--provisioner", shape->provisioner,
                  "double-balloon (default; a guest with hyperflex and the agent) or virtio-mem (a guest with neither, "
                  "booted with memhp_default_state=online_movable)")
      ->transform(CLI::CheckedTransformer(provisioners).description(""))
      ->type_name("HOW");
  AddSize(
      domain_xml, "--fmem-base", "With virtio-mem: fast memory that is always there (default: a quarter of both cells)",
      [shape](Bytes b) { shape->bases.fmem() = b; }, false);
  AddSize(
      domain_xml, "--smem-base", "With virtio-mem: slow memory that is always there (default: 64 MiB or a little more)",
      [shape](Bytes b) { shape->bases.smem() = b; }, false);
  domain_xml.add_option("--fmem-node", shape->host_nodes.fmem(), "Host NUMA nodes that back FMEM")->type_name("NODES");
  domain_xml.add_option("--smem-node", shape->host_nodes.smem(), "Host NUMA nodes that back SMEM")->type_name("NODES");
  domain_xml.add_option("--fmem-latency", shape->latency_ns.fmem(), "Read latency told to the guest")
      ->type_name("NS")
      ->capture_default_str();
  domain_xml.add_option("--smem-latency", shape->latency_ns.smem(), "Read latency told to the guest")
      ->type_name("NS")
      ->capture_default_str();
  domain_xml.add_option("--tenant", shape->tenant, "Tenant, kept in the domain's metadata, as is the policy below");
  const auto policy = std::make_shared<PolicyFlags>();
  AddModeAndClass(domain_xml, *policy);
  AddTerms(domain_xml, policy->terms);
  AddSize(
      domain_xml, "--move-rate",
      "Most that the guest's agent moves between the tiers in a second (default: its own limit)",
      [shape](Bytes b) { shape->move_rate = b; }, false);
  domain_xml.callback([&session, file, shape, policy] { session.exit_code = DomainXml(*file, *shape, *policy); });
}

void AddReport(CLI::App& app, Session& session) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App& report = *app.add_subcommand("report", "Makes one file of a host's, tenant's or VM's last hours");
  report.add_option("of", options->of, "host, tenant or vm")
      ->required()
      ->check(CLI::IsMember({"host", "tenant", "vm"}));
  report.add_option("name", options->name, "The tenant's id; the domain's name or UUID");
  const char* prometheus = std::getenv("HYPERTIER_PROMETHEUS");
  options->prometheus = prometheus != nullptr ? prometheus : "http://127.0.0.1:9090";
  // Not shown as a default: a password may stand in it.
  report
      .add_option("--prometheus", options->prometheus,
                  "Address of the Prometheus that scrapes hypertierd (environment: HYPERTIER_PROMETHEUS; else "
                  "http://127.0.0.1:9090)")
      ->type_name("URL");
  report.add_option("--instance", options->instance, "What Prometheus calls the host, where it knows several")
      ->type_name("HOST");
  report.add_option("--last", options->last, "How far back: 30m, 1h, 24h, 7d")
      ->type_name("TIME")
      ->capture_default_str();
  report.add_option("-o,--output", options->file, "The file to write")->type_name("FILE")->required();
  report.add_option("--format", options->format, "html (default) or svg (default where the file is called .svg)")
      ->check(CLI::IsMember({"html", "svg"}));
  report.add_flag("--force", options->force, "Overwrite a file that is there");
  report.callback([&session, options] { session.exit_code = Report(*options); });
}

}  // namespace

void AddToolCommands(CLI::App& app, Session& session) {
  AddDomainXml(app, session);
  AddReport(app, session);

  const auto shell = std::make_shared<std::string>();
  CLI::App& completion = *app.add_subcommand("completion", "Prints the completion script for a shell");
  completion.add_option("shell", *shell, "bash")->required()->check(CLI::IsMember({"bash"}));
  completion.callback([&session, shell] { session.exit_code = Completion(); });
}

}  // namespace hypertier::tierctl
