// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "host-service/tierctl/registration.h"

namespace hypertier::tierctl {
namespace {

void AddEtag(CLI::App& app, std::string& etag) {
  app.add_option("--etag", etag, "Only if this is still what is in force (from get)")->type_name("ETAG");
}

// One that changes a tenant, or gives it up.
CLI::App& AddTenantChange(CLI::App& tenant, Session& session, const std::string& name, const std::string& help,
                          const std::shared_ptr<TenantOptions>& options,
                          int (*run)(const Context&, const TenantOptions&)) {
  CLI::App& command = *tenant.add_subcommand(name, help);
  command.add_option("tenant", options->tenant, "The tenant's id")->required();
  AddReason(command, options->reason);
  command.callback([&session, options, run] { session.exit_code = run(session.context, *options); });
  return command;
}

void AddTenantFlags(CLI::App& app, TenantFlags& flags) {
  app.add_option("--display-name", flags.display_name, "For people")->type_name("TEXT");
  AddTerms(app, flags.terms);
}

void AddTenant(CLI::App& app, Session& session) {
  app.add_subcommand("tenants", "All tenants, a row a tier: what they are promised, and what their VMs have")
      ->callback([&session] { session.exit_code = ListTenants(session.context); });

  const auto options = std::make_shared<TenantOptions>();
  CLI::App& tenant = *app.add_subcommand("tenant", "Shows or changes what one tenant is promised");
  tenant.require_subcommand(1);
  CLI::App& get = *tenant.add_subcommand("get", "All that is known of it");
  get.add_option("tenant", options->tenant, "The tenant's id")->required();
  get.callback([&session, options] { session.exit_code = GetTenant(session.context, options->tenant); });
  CLI::App& create = AddTenantChange(tenant, session, "create", "Gives it terms", options, CreateTenant);
  AddTenantFlags(create, options->flags);
  CLI::App& set = AddTenantChange(tenant, session, "set", "Changes the terms that are given", options, SetTenant);
  AddTenantFlags(set, options->flags);
  AddEtag(set, options->etag);
  AddEtag(AddTenantChange(tenant, session, "delete", "Takes its terms away; its VMs stay", options, DeleteTenant),
          options->etag);
}

void AddPolicy(CLI::App& app, Session& session) {
  const auto options = std::make_shared<PolicyOptions>();
  CLI::App& policy = *app.add_subcommand("policy", "Shows or changes what one VM is promised, before its metadata");
  policy.require_subcommand(1);
  CLI::App& get = *policy.add_subcommand("get", "What was said");
  AddVm(get, options->vm);
  get.callback([&session, options] { session.exit_code = GetPolicy(session.context, options->vm); });
  CLI::App& set = *policy.add_subcommand("set", "Changes what is given");
  AddVm(set, options->vm);
  AddModeAndClass(set, options->flags);
  AddTerms(set, options->flags.terms);
  AddEtag(set, options->etag);
  AddReason(set, options->reason);
  set.callback([&session, options] { session.exit_code = SetPolicy(session.context, *options); });
}

void AddAdmit(CLI::App& app, Session& session) {
  const auto options = std::make_shared<AdmitOptions>();
  CLI::App& admit = *app.add_subcommand("admit", "Says whether one more VM could have what it reserves");
  admit.add_option("--tenant", options->tenant, "Its tenant's id")->type_name("ID");
  AddSize(
      admit, "--fmem-cell", "Most fast memory it can ever have", [options](Bytes b) { options->cells.fmem() = b; },
      true);
  AddSize(
      admit, "--smem-cell", "Most slow memory it can ever have", [options](Bytes b) { options->cells.smem() = b; },
      true);
  AddModeAndClass(admit, options->flags);
  AddTerms(admit, options->flags.terms);
  admit.callback([&session, options] { session.exit_code = Admit(session.context, *options); });
}

void AddPreview(CLI::App& app, Session& session) {
  const auto options = std::make_shared<PreviewOptions>();
  CLI::App& preview = *app.add_subcommand("preview", "Shows the next plan as it would be with other terms");
  CLI::Option_group& whose = *preview.add_option_group("whose", "Whose terms");
  CLI::Option* tenant = whose.add_option("--tenant", options->tenant, "A tenant's id")->type_name("ID");
  whose.add_option("--vm", options->vm, "Domain name or vms/UUID")->type_name("VM");
  whose.require_option(1);
  AddModeAndClass(preview, options->flags);
  // A tenant has neither.
  for (const char* flag : {"--mode", "--class"}) preview.get_option(flag)->excludes(tenant);
  AddTerms(preview, options->flags.terms);
  preview.add_flag("--all", options->all, "VMs whose targets would stay, too");
  preview.callback([&session, options] { session.exit_code = Preview(session.context, *options); });
}

void AddMaintenance(CLI::App& app, Session& session) {
  const auto reason = std::make_shared<std::string>();
  CLI::App& maintenance = *app.add_subcommand("maintenance", "Freezes the targets of all VMs, or ends that");
  maintenance.require_subcommand(1);
  CLI::App& on = *maintenance.add_subcommand("on", "No target is changed until it is off");
  on.add_option("--reason", *reason, "Why")->type_name("TEXT")->required();
  on.callback([&session, reason] { session.exit_code = SetMaintenance(session.context, true, *reason); });
  CLI::App& off = *maintenance.add_subcommand("off", "Targets change again");
  AddReason(off, *reason);
  off.callback([&session, reason] { session.exit_code = SetMaintenance(session.context, false, *reason); });
}

void AddAudit(CLI::App& app, Session& session) {
  const auto subject = std::make_shared<std::string>();
  const auto limit = std::make_shared<int>(50);
  CLI::App& audit = *app.add_subcommand("audit", "Who changed what, newest first");
  audit.add_option("subject", *subject, "Only what is about tenants/ID, vms/UUID or host");
  audit.add_option("--limit", *limit, "Most records")
      ->type_name("N")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  audit.callback([&session, subject, limit] { session.exit_code = Audit(session.context, *subject, *limit); });
}

}  // namespace

void AddQosCommands(CLI::App& app, Session& session) {
  app.add_subcommand("host", "This host's tiers and how they are shared")->callback([&session] {
    session.exit_code = ShowHost(session.context);
  });
  AddTenant(app, session);
  AddPolicy(app, session);
  AddAdmit(app, session);
  const auto vm = std::make_shared<std::string>();
  CLI::App& explain = *app.add_subcommand("explain", "Says why a VM's targets are what they are");
  AddVm(explain, *vm);
  explain.callback([&session, vm] { session.exit_code = Explain(session.context, *vm); });
  AddPreview(app, session);
  AddMaintenance(app, session);
  AddAudit(app, session);
}

}  // namespace hypertier::tierctl
