// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "host-service/tierctl/registration.h"

namespace hypertier::tierctl {
namespace {

void AddResize(CLI::App& app, Session& session) {
  const auto options = std::make_shared<ResizeOptions>();
  CLI::App& resize = *app.add_subcommand("resize", "Sets new tier targets of a VM and shows the progress");
  AddVm(resize, options->vm);
  resize.add_option("--fmem", options->fmem, "Fast memory: 1GiB sets, +512MiB or -512MiB changes")->type_name("SIZE");
  resize.add_option("--smem", options->smem, "Slow memory, likewise")->type_name("SIZE");
  resize.add_flag("!--no-wait", options->wait, "Print the operation's name and return at once");
  resize.add_flag("--dry-run", options->dry_run, "Only check whether it would be accepted");
  resize.add_option("--timeout", options->timeout_s, "Seconds after which the operation fails")->type_name("S");
  resize.callback([&session, options] { session.exit_code = Resize(session.context, *options); });
}

// `wait` or `cancel`.
void AddOnOperation(CLI::App& app, Session& session, const std::string& name, const std::string& help,
                    int (*run)(const Context&, const std::string&)) {
  const auto operation = std::make_shared<std::string>();
  CLI::App& command = *app.add_subcommand(name, help);
  command.add_option("operation", *operation, "operations/ID")->required();
  command.callback([&session, operation, run] { session.exit_code = run(session.context, *operation); });
}

}  // namespace

void AddVmCommands(CLI::App& app, Session& session) {
  app.add_subcommand("list", "All VMs, a row a tier")->callback([&session] {
    session.exit_code = List(session.context);
  });

  const auto vm = std::make_shared<std::string>();
  CLI::App& get = *app.add_subcommand("get", "All that is known of one VM");
  AddVm(get, *vm);
  get.callback([&session, vm] { session.exit_code = Get(session.context, *vm); });

  AddResize(app, session);

  const auto vms = std::make_shared<std::vector<std::string>>();
  CLI::App& watch = *app.add_subcommand("watch", "The table of `list`, kept up to date");
  watch.add_option("vm", *vms, "Domain names or vms/UUID; all when none is named");
  watch.callback([&session, vms] { session.exit_code = Watch(session.context, *vms); });

  app.add_subcommand("top", "Host, tenants and VMs on a full screen, live")->callback([&session] {
    session.exit_code = Top(session.context);
  });

  CLI::App& operations = *app.add_subcommand("operations", "Resizes under way and of the last hour");
  operations.add_option("vm", *vm, "Only those of this VM");
  operations.callback([&session, vm] { session.exit_code = ListOperations(session.context, *vm); });

  AddOnOperation(app, session, "wait", "Shows the progress of an operation until it has ended", WaitOperation);
  AddOnOperation(app, session, "cancel", "Stops a resize where it is", CancelOperation);
}

}  // namespace hypertier::tierctl
