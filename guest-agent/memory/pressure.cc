// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/memory/pressure.h"

#include <algorithm>
#include <charconv>

#include "guest-agent/memory/text_lines.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

// "some avg10=1.53 avg60=0.87 avg300=0.11 total=12345", in percent.
std::optional<double> StalledShare(std::string_view psi) {
  constexpr std::string_view kBegin = "some avg10=";
  std::optional<double> share;
  ForEachLine(psi, [&](std::string_view line) {
    if (!line.starts_with(kBegin)) return;
    line.remove_prefix(kBegin.size());
    double percent = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), percent);
    if (error == std::errc()) share = std::clamp(percent / 100, 0.0, 1.0);
  });
  return share;
}

std::optional<std::uint64_t> RefaultedPages(std::string_view vmstat) {
  constexpr std::string_view kBegin = "workingset_refault";
  std::optional<std::uint64_t> pages;
  ForEachLine(vmstat, [&](std::string_view line) {
    if (!line.starts_with(kBegin)) return;
    pages = pages.value_or(0) + LeadingNumber(line.substr(std::min(line.find(' '), line.size())));
  });
  return pages;
}

}  // namespace

std::optional<double> PressureGauge::Read(std::string_view psi, std::string_view vmstat, Time now) {
  if (const std::optional<double> share = StalledShare(psi)) return share;
  const std::optional<std::uint64_t> pages = RefaultedPages(vmstat);
  if (!pages) return std::nullopt;
  const std::optional<Refaults> before = last_;
  last_ = {*pages, now};
  if (!before || now <= before->at || *pages < before->pages) return std::nullopt;
  const std::chrono::duration<double> waited = static_cast<double>(*pages - before->pages) * kRead;
  return std::min(waited / std::chrono::duration<double>(now - before->at), 1.0);
}

std::optional<double> PressureGauge::ReadFiles(const std::string& root, Time now) {
  constexpr std::size_t kMost = 1 << 16;
  const std::string psi = ReadFile(root + "/proc/pressure/memory", kMost).value_or("");
  return Read(psi, psi.empty() ? ReadFile(root + "/proc/vmstat", kMost).value_or("") : "", now);
}

}  // namespace hypertier::agent
