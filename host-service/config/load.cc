// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "common/text.h"
#include "common/text_file.h"
#include "host-service/config/checks.h"
#include "host-service/config/config.h"
#include "host-service/config/keys.h"
#include "host-service/config/toml_errors.h"
#include "host-service/policy/parse.h"

namespace hypertier {
namespace {

using config::Key;

// The key of the table nearest to a name that is not in it; null if none is near.
const Key* Nearest(std::string_view name) {
  const Key* nearest = nullptr;
  std::size_t least = name.size() / 2 + 1;
  for (const Key& key : config::Keys()) {
    // A key without its section, or in another one, is a slip of its own.
    const std::string_view last = key.name.substr(key.name.find('.') + 1);
    const std::string_view given = name.substr(name.rfind('.') + 1);
    const std::size_t distance = std::min(config::EditDistance(name, key.name), config::EditDistance(given, last) + 1);
    if (distance < least) {
      least = distance;
      nearest = &key;
    }
  }
  return nearest;
}

// One reading of one file.
class Loader {
 public:
  explicit Loader(std::string_view path) : errors_(path) {}

  absl::StatusOr<Config> Load(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      Add(error.source().begin, "", fmt::format("{}; correct the TOML", error.description()));
      return errors_.Status();
    }
    for (const auto& [name, node] : parsed.table()) ReadSection(std::string(name.str()), name.source().begin, node);
    CheckTogether();
    if (absl::Status status = errors_.Status(); !status.ok()) return status;
    return config_;
  }

 private:
  void ReadSection(const std::string& section, toml::source_position where, const toml::node& node) {
    if (section == "class") return ReadClasses(where, node);
    const auto known = config::Keys();
    const bool is_section =
        std::any_of(known.begin(), known.end(), [&](const Key& key) { return key.name.starts_with(section + "."); });
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      if (is_section) {
        Add(where, section, fmt::format("it is a section; write [{}] on a line and its keys below", section));
      } else {
        Unknown(where, section);
      }
      return;
    }
    if (!is_section) {
      if (table->empty()) Unknown(where, section);
    }
    for (const auto& [name, value] : *table) {
      const std::string full = fmt::format("{}.{}", section, std::string_view(name.str()));
      const auto key = std::find_if(known.begin(), known.end(), [&](const Key& k) { return k.name == full; });
      if (key == known.end()) {
        Unknown(name.source().begin, full);
      } else {
        seen_[full] = name.source().begin;
        ReadValue(*key, value);
      }
    }
  }

  void ReadClasses(toml::source_position where, const toml::node& node) {
    const toml::table* classes = node.as_table();
    if (classes == nullptr)
      return Add(where, "class", "it is a section; write [class.NAME] on a line and its keys below");
    for (const auto& [key, value] : *classes) {
      const std::string name(key.str());
      const toml::table* terms = value.as_table();
      if (terms == nullptr) {
        Add(key.source().begin, "class." + name, "it is a section; write [class.NAME] on a line and its keys below");
        continue;
      }
      policy::Terms& into = config_.classes[name];
      for (const auto& [term, said] : *terms) {
        ReadTerm(fmt::format("class.{}.{}", name, std::string_view(term.str())), std::string(term.str()), said, into);
      }
    }
  }

  void ReadTerm(const std::string& full, const std::string& name, const toml::node& node, policy::Terms& into) {
    for (const TierId tier : kTiers) {
      policy::TierTerms& terms = into[tier];
      if (name == fmt::format("{}_reservation", TierName(tier))) return ReadAmount(full, node, terms.reservation);
      if (name == fmt::format("{}_limit", TierName(tier))) return ReadAmount(full, node, terms.limit);
      if (name != fmt::format("{}_shares", TierName(tier))) continue;
      const std::optional<double> shares = node.value<double>();
      if (!shares) return Add(node.source().begin, full, "wrong type; write a number, e.g. 4");
      if (const absl::Status status = policy::CheckShares(*shares); !status.ok()) {
        return Add(node.source().begin, full, ToString(status.message()));
      }
      terms.shares = *shares;
      return;
    }
    Add(node.source().begin, full,
        "unknown key; a class has fmem_reservation, fmem_limit, fmem_shares, and the same with smem");
  }

  void ReadAmount(const std::string& full, const toml::node& node, std::optional<policy::Amount>& into) {
    const std::optional<std::string> text = node.value_exact<std::string>();
    const auto amount = text ? policy::ParseAmount(*text)
                             : absl::InvalidArgumentError(
                                   "wrong type; write a size or a percentage in quotes, e.g. \"4GiB\" or \"25%\"");
    if (amount.ok()) {
      into = *amount;
    } else {
      Add(node.source().begin, full, ToString(amount.status().message()));
    }
  }

  void Unknown(toml::source_position where, const std::string& name) {
    const Key* nearest = Nearest(name);
    Add(where, name,
        nearest == nullptr ? "unknown key; remove it (hypertierd --help-config lists all keys)"
                           : fmt::format("unknown key; did you mean {}?", nearest->name));
  }

  void ReadValue(const Key& key, const toml::node& node) {
    std::visit([&](const auto& kind) { Read(key, kind, node); }, key.kind);
  }

  void Read(const Key& key, const config::TextKey& kind, const toml::node& node) {
    const std::optional<std::string> value = node.value_exact<std::string>();
    if (!value) return WrongType(key, node, "a text in quotes");
    if (kind.check != nullptr) {
      if (const absl::Status status = kind.check(*value); !status.ok())
        return Add(node, key, ToString(status.message()));
    }
    kind.field(config_) = *value;
  }

  void Read(const Key& key, const config::ModeKey& kind, const toml::node& node) {
    const std::optional<std::string> value = node.value_exact<std::string>();
    if (!value) return WrongType(key, node, "octal digits in quotes");
    const std::optional<unsigned> mode = config::ParseMode(*value);
    if (!mode) return Add(node, key, fmt::format("\"{}\" is no permission; write octal digits, e.g. \"0660\"", *value));
    kind.field(config_) = *mode;
  }

  void Read(const Key& key, const config::BoolKey& kind, const toml::node& node) {
    const std::optional<bool> value = node.value_exact<bool>();
    if (!value) return WrongType(key, node, "true or false");
    kind.field(config_) = *value;
  }

  void Read(const Key& key, const config::IntegerKey& kind, const toml::node& node) {
    if (const auto value = Integer(key, node, kind.min, kind.max)) kind.field(config_) = static_cast<int>(*value);
  }

  void Read(const Key& key, const config::DurationKey& kind, const toml::node& node) {
    if (const auto value = Integer(key, node, kind.min, kind.max)) kind.field(config_) = *value * kind.unit;
  }

  void Read(const Key& key, const config::BytesKey& kind, const toml::node& node) {
    Bytes size;
    if (const std::optional<std::string> text = node.value_exact<std::string>()) {
      const absl::StatusOr<Bytes> parsed = ParseBytes(*text);
      if (!parsed.ok()) return Add(node, key, ToString(parsed.status().message()));
      size = *parsed;
    } else if (const std::optional<std::int64_t> count = node.value_exact<std::int64_t>()) {
      if (*count < 0) return Add(node, key, fmt::format("{} is negative; write a size such as \"64MiB\"", *count));
      size = Bytes(static_cast<std::uint64_t>(*count));
    } else {
      return WrongType(key, node, "a size: \"64MiB\", or a whole number of bytes");
    }
    if (size > kind.max) {
      return Add(node, key, fmt::format("{} is too much; write at most {}", FormatBytes(size), FormatBytes(kind.max)));
    }
    kind.field(config_) = size;
  }

  std::optional<std::int64_t> Integer(const Key& key, const toml::node& node, std::int64_t min, std::int64_t max) {
    const std::optional<std::int64_t> value = node.value_exact<std::int64_t>();
    if (!value) {
      WrongType(key, node, "a whole number");
    } else if (*value < min || *value > max) {
      Add(node, key, fmt::format("{} is out of range; write {} to {} {}", *value, min, max, key.unit));
    } else {
      return value;
    }
    return std::nullopt;
  }

  // What no key can be checked for alone.
  void CheckTogether() {
    if (config_.agent.stale_after >= 2 * config_.agent.report_interval) return;
    const auto stale = seen_.find("agent.stale_after_ms");
    const auto interval = seen_.find("agent.report_interval_ms");
    if (stale == seen_.end() && interval == seen_.end()) return;
    Add(stale != seen_.end() ? stale->second : interval->second, "agent.stale_after_ms",
        fmt::format(
            "{} ms is less than two report intervals of {} ms, so that one late report would count as silence; raise "
            "agent.stale_after_ms or lower agent.report_interval_ms",
            config_.agent.stale_after / absl::Milliseconds(1), config_.agent.report_interval / absl::Milliseconds(1)));
  }

  void WrongType(const Key& key, const toml::node& node, std::string_view wanted) {
    Add(node, key, fmt::format("wrong type; write {}, e.g. {}", wanted, config::FormatValue(key, Config())));
  }
  void Add(const toml::node& node, const Key& key, const std::string& text) {
    Add(node.source().begin, key.name, text);
  }
  void Add(toml::source_position where, std::string_view name, const std::string& text) {
    errors_.Add(where, name, text);
  }

  config::TomlErrors errors_;
  Config config_;
  std::map<std::string, toml::source_position> seen_;
};

}  // namespace

absl::StatusOr<Config> LoadConfig(std::string_view text, std::string_view path) {
  return Loader(path).Load(text);
}

absl::StatusOr<Config> LoadConfigFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path, "the configuration");
  if (text.ok()) return LoadConfig(*text, path);
  const std::string message = ToString(text.status().message());
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(message + "; create it or name another with --config");
  }
  if (absl::IsPermissionDenied(text.status())) {
    return absl::PermissionDeniedError(message + "; let hypertierd's user read it");
  }
  return text.status();
}

}  // namespace hypertier
