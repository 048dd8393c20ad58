// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/pressure.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "common/text.h"

namespace hypertier::agent {
namespace {

// Readings closer together say little, and ones further apart hide a short peak.
constexpr std::chrono::milliseconds kLeastAge{200};
constexpr std::chrono::seconds kMostAge{3};

// The text between `key` and the next blank.
std::string_view ValueOf(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + key.size());
  return line.substr(0, line.find(' '));
}

}  // namespace

std::optional<StallFigures> ParsePressure(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  if (!line.starts_with("some ")) return std::nullopt;
  const std::string_view average = ValueOf(line, " avg10=");
  const std::optional<std::uint64_t> total = ParseUint64(ValueOf(line, " total="));
  // Whole percents will do.
  const std::optional<std::uint64_t> percent = ParseUint64(average.substr(0, average.find('.')));
  if (!percent || *percent > 100 || !total || *total > INT64_MAX) return std::nullopt;
  return StallFigures{static_cast<double>(*percent) / 100, std::chrono::microseconds(*total)};
}

bool Pressure::High(Time now) {
  if (absent_ || (read_ != Time::min() && now - read_ < kLeastAge)) return high_;
  if (!fd_) fd_.reset(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 256> buffer;
  const ssize_t count = fd_ ? pread(fd_.get(), buffer.data(), buffer.size(), 0) : -1;
  std::optional<StallFigures> figures;
  if (count > 0) figures = ParsePressure({buffer.data(), static_cast<std::size_t>(count)});
  if (!figures) {
    absent_ = true;
    return high_ = false;
  }
  const bool recent = read_ != Time::min() && now - read_ <= kMostAge;
  const double share =
      recent ? std::chrono::duration<double>(figures->total - total_) / std::chrono::duration<double>(now - read_)
             : figures->last_10s;
  total_ = figures->total;
  read_ = now;
  return high_ = share > threshold_;
}

}  // namespace hypertier::agent
