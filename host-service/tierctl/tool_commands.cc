// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/text.h"
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

// "90m", "1h30m", "1d": a minute to a year.
absl::StatusOr<absl::Duration> ParseSpan(const std::string& text) {
  const std::optional<std::uint64_t> days =
      text.ends_with('d') ? ParseUint64(text.substr(0, text.size() - 1)) : std::nullopt;
  absl::Duration span;
  if (days && *days <= 366) {
    span = absl::Hours(24) * *days;
  } else if (!absl::ParseDuration(text, &span)) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is no length of time; write e.g. 1h, 90m or 1d", text));
  }
  if (span < absl::Minutes(1) || span > absl::Hours(24 * 366)) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is out of range: a minute to 366 days", text));
  }
  return span;
}

void AddReport(CLI::App& app, Session& session) {
  CLI::App& report =
      *app.add_subcommand("report", "Draws the last hour or day of a host, tenant or VM, from Prometheus");
  report.require_subcommand(1);
  const auto options = std::make_shared<ReportOptions>();
  options->prometheus = "http://127.0.0.1:9090";
  options->last = absl::Hours(1);
  const auto file = std::make_shared<std::string>("-");
  report.add_option("--prometheus", options->prometheus, "Where Prometheus is (environment: HYPERTIER_PROMETHEUS)")
      ->envname("HYPERTIER_PROMETHEUS")
      ->type_name("URL")
      ->capture_default_str();
  report
      .add_option_function<std::string>(
          "--last",
          [options](const std::string& text) {
            const absl::StatusOr<absl::Duration> span = ParseSpan(text);
            if (!span.ok()) throw CLI::ValidationError("--last", ToString(span.status().message()));
            options->last = *span;
          },
          "How far back: 1h, 90m, 1d")
      ->type_name("TIME")
      ->default_str("1h");
  report.add_option("--file", *file, "Writes this HTML file, which needs no other; - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  const auto add = [&](const char* name, const char* help, Subject subject, bool required) {
    CLI::App& of = *report.add_subcommand(name, help);
    of.add_option("name", options->name)->required(required);
    of.callback([&session, options, file, subject] {
      options->subject = subject;
      session.exit_code = WriteReport(*options, *file);
    });
  };
  add("host", "A host: the label `instance` of its metrics; may be left out where Prometheus knows one only",
      Subject::kHost, false);
  add("tenant", "A tenant over all hosts, by its id", Subject::kTenant, true);
  add("vm", "A VM, by its domain name or UUID", Subject::kVm, true);
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
