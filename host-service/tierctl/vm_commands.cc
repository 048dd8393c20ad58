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
  AddReason(resize, options->reason);
  resize.callback([&session, options] { session.exit_code = Resize(session.context, *options); });
}

void AddWait(CLI::App& app, Session& session) {
  const auto operation = std::make_shared<std::string>();
  CLI::App& wait = *app.add_subcommand("wait", "Shows the progress of an operation until it has ended");
  wait.add_option("operation", *operation, "operations/ID")->required();
  wait.callback([&session, operation] { session.exit_code = WaitOperation(session.context, *operation); });
}

void AddCancel(CLI::App& app, Session& session) {
  const auto operation = std::make_shared<std::string>();
  const auto reason = std::make_shared<std::string>();
  CLI::App& cancel = *app.add_subcommand("cancel", "Stops a resize where it is");
  cancel.add_option("operation", *operation, "operations/ID")->required();
  AddReason(cancel, *reason);
  cancel.callback(
      [&session, operation, reason] { session.exit_code = CancelOperation(session.context, *operation, *reason); });
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

  AddWait(app, session);
  AddCancel(app, session);
}

}  // namespace hypertier::tierctl
