// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LAB_WORKLOADS_OPTIONS_H_
#define TESTS_LAB_WORKLOADS_OPTIONS_H_

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace lab {

[[noreturn]] inline void Fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

// `--name value` options. Each is asked for once, with its default; CheckAll() then refuses those that nobody asked
// for.
class Options {
 public:
  Options(int argc, char** argv, std::string_view what) : what_(what) {
    for (int i = 1; i < argc; i++) {
      const std::string name = argv[i];
      if (name == "--verify") {
        given_.emplace("verify", "1");
      } else if (name.starts_with("--") && name != "--help" && i + 1 < argc) {
        given_[name.substr(2)] = argv[++i];
      } else {
        help_ = true;
      }
    }
  }

  // A number, which may end in K, M or G (powers of 1024), of at least `least`.
  uint64_t Number(const std::string& name, uint64_t value, uint64_t least = 1) {
    const std::string text = Text(name, Spell(value));
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    const size_t power = rest == end ? 0 : std::string_view("KMG").find(*rest) + 1;
    const bool ends = rest + (power != 0) == end && (rest == end || power != 0);
    if (error != std::errc() || !ends || value > UINT64_MAX >> (10 * power) || value << (10 * power) < least) {
      Fail("--" + name + " " + text + ": a number of at least " + std::to_string(least) + " is needed, e.g. 64M");
    }
    return value << (10 * power);
  }

  double Fraction(const std::string& name, double value) {
    char spelt[32];
    std::snprintf(spelt, sizeof(spelt), "%g", value);
    const std::string text = Text(name, spelt);
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || rest != text.data() + text.size() || !(value >= 0 && value <= 1)) {
      Fail("--" + name + " " + text + ": a number from 0 to 1 is needed");
    }
    return value;
  }

  std::string Text(const std::string& name, const std::string& value) {
    usage_ += " [--" + name + " " + value + "]";
    const auto found = given_.find(name);
    if (found == given_.end()) return value;
    const std::string text = found->second;
    given_.erase(found);
    return text;
  }

  // --verify: check that the program computes the right thing, on little data, and measure nothing.
  bool Verify() {
    usage_ += " [--verify]";
    return given_.erase("verify") != 0;
  }

  void CheckAll() const {
    if (!help_ && given_.empty()) return;
    if (!help_) std::fprintf(stderr, "unknown option --%s\n", given_.begin()->first.c_str());
    std::fprintf(stderr, "%s\nuse:%s\n", what_.c_str(), usage_.c_str());
    std::exit(2);
  }

 private:
  static std::string Spell(uint64_t value) {
    if (value != 0 && value % (1 << 20) == 0) return std::to_string(value >> 20) + "M";
    return std::to_string(value);
  }

  std::string what_, usage_;
  std::map<std::string, std::string> given_;
  bool help_ = false;
};

}  // namespace lab

#endif  // TESTS_LAB_WORKLOADS_OPTIONS_H_
