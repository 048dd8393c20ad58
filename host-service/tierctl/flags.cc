// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "common/text.h"
#include "host-service/tierctl/registration.h"

namespace hypertier::tierctl {

void AddVm(CLI::App& app, std::string& vm) {
  app.add_option("vm", vm, "Domain name or vms/UUID")->required();
}

void AddReason(CLI::App& app, std::string& reason) {
  app.add_option("--reason", reason, "Why, for the audit log")->type_name("TEXT");
}

void AddSize(CLI::App& app, const std::string& flag, const std::string& help, const std::function<void(Bytes)>& set,
             bool required) {
  CLI::Option* option = app.add_option_function<std::string>(
      flag,
      [flag, set](const std::string& text) {
        const auto size = ParseBytes(text);
        if (!size.ok()) throw CLI::ValidationError(flag, ToString(size.status().message()));
        set(*size);
      },
      help);
  option->type_name("SIZE")->required(required);
}

void AddTerms(CLI::App& app, TermsFlags& flags) {
  for (const TierId tier : kTiers) {
    const std::string_view name = TierName(tier);
    app.add_option(fmt::format("--{}-reservation", name), flags[tier].reservation,
                   fmt::format("Guaranteed {}: 2GiB, 25% or none", name))
        ->type_name("AMOUNT");
    app.add_option(fmt::format("--{}-limit", name), flags[tier].limit, fmt::format("Most {}, likewise", name))
        ->type_name("AMOUNT");
    app.add_option(fmt::format("--{}-shares", name), flags[tier].shares,
                   fmt::format("Weight in the competition for {} that nobody reserved, or none", name))
        ->type_name("N");
  }
}

void AddModeAndClass(CLI::App& app, PolicyFlags& flags) {
  app.add_option("--mode", flags.mode, "Who decides on targets: auto (hypertierd), static (tierctl resize) or none")
      ->type_name("MODE");
  app.add_option("--class", flags.qos_class, "A class of hypertierd's configuration (tierctl host names them), or none")
      ->type_name("NAME");
}

}  // namespace hypertier::tierctl
