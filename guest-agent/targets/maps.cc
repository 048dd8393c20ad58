// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/maps.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace hypertier::agent {
namespace {

using ranges::Address;
using ranges::AddressSpan;

// Takes a number off the front of `text`, and the one character behind it, which must be `end`.
bool TakeNumber(std::string_view& text, int base, char end, std::uint64_t& value) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || at == text.data() + text.size() || *at != end) return false;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()) + 1);
  return true;
}

struct Mapping {
  AddressSpan span;
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool shared = false;
  std::uint64_t offset = 0;
  FileId file;
  std::string_view name;
};

// "start-end rwxp offset major:minor inode   name"
std::optional<Mapping> ParseMapping(std::string_view line) {
  Mapping mapping;
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  if (!TakeNumber(line, 16, '-', mapping.span.start) || !TakeNumber(line, 16, ' ', mapping.span.end))
    return std::nullopt;
  if (line.size() < 5 || line[4] != ' ') return std::nullopt;
  mapping.readable = line[0] == 'r';
  mapping.writable = line[1] == 'w';
  mapping.executable = line[2] == 'x';
  mapping.shared = line[3] == 's';
  line.remove_prefix(5);
  if (!TakeNumber(line, 16, ' ', mapping.offset) || !TakeNumber(line, 16, ':', major) ||
      !TakeNumber(line, 16, ' ', minor)) {
    return std::nullopt;
  }
  // The kernel pads every line behind the inode, also without a name.
  const std::size_t digits = std::min(line.find(' '), line.size());
  const auto [at, error] = std::from_chars(line.data(), line.data() + digits, mapping.file.inode);
  if (error != std::errc() || at != line.data() + digits) return std::nullopt;
  mapping.file.device = major << 32 | (minor & UINT32_MAX);
  line.remove_prefix(digits);
  mapping.name = line.substr(std::min(line.find_first_not_of(' '), line.size()));
  if (mapping.span.start >= mapping.span.end) return std::nullopt;
  return mapping;
}

// Where the kernel keeps shared memory, as maps shows it.
bool IsSharedMemory(std::string_view name) {
  return name.starts_with("/dev/zero") || name.starts_with("/SYSV") || name.starts_with("/dev/shm/") ||
         name.starts_with("/memfd:") || name.starts_with("[anon_shmem:");
}

// hugetlbfs: anonymous, of memfd, or a file under the usual mount points.
bool IsHugetlb(std::string_view name) {
  return name.find("hugepages") != std::string_view::npos || name.starts_with("/anon_hugepage") ||
         name.starts_with("/memfd:hugetlb") || name.starts_with("/dev/huge");
}

// Of the names in brackets, those that the kernel maps itself.
bool IsKernels(std::string_view name) {
  return name.starts_with("[v") || name == "[uprobes]";
}

bool IsPrivateWorth(const Mapping& mapping) {
  // Without a file the inode is 0. The process may have named the mapping: [anon:...].
  if (mapping.file.inode == 0 && (mapping.name.empty() || mapping.name.starts_with('['))) {
    return !IsKernels(mapping.name);
  }
  if (mapping.name.starts_with("/dev/") && !IsSharedMemory(mapping.name)) return false;
  return mapping.writable && !IsHugetlb(mapping.name);
}

}  // namespace

MapsParser::MapsParser(AdmitShared admit, std::size_t max_spans)
    : admit_(std::move(admit)), max_spans_(std::max<std::size_t>(max_spans, 1)) {}

void MapsParser::Feed(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    const bool complete = end != std::string_view::npos;
    if (complete && line_size_ == 0) {
      Line(part);
    } else {
      const std::size_t fits = std::min(part.size(), line_.size() - line_size_);
      std::memcpy(line_.data() + line_size_, part.data(), fits);
      line_size_ += fits;
      if (complete) Line(std::string_view(line_.data(), std::exchange(line_size_, 0)));
    }
    piece.remove_prefix(complete ? end + 1 : piece.size());
  }
}

void MapsParser::Line(std::string_view line) {
  std::optional<Mapping> mapping = ParseMapping(line);
  if (!mapping) {
    ++bad_lines_;
    return;
  }
  AddressSpan& span = mapping->span;
  // While the text was read, mappings may have been joined: then a line reaches back behind the one before.
  span.start = std::max(span.start, end_);
  if (span.end > ranges::kAddressLimit || span.start >= span.end) return;
  if (!mapping->readable && !mapping->writable && !mapping->executable) return;
  if (mapping->shared) {
    if (!IsSharedMemory(mapping->name) || IsHugetlb(mapping->name)) return;
    if (!admit_(mapping->file, mapping->offset, span.size().count())) return;
  } else if (!IsPrivateWorth(*mapping)) {
    return;
  }
  Add(span);
}

void MapsParser::Add(AddressSpan span) {
  end_ = span.end;
  if (!spans_.empty() && ranges::ChunkDown(span.start) <= ranges::ChunkUp(spans_.back().end)) {
    spans_.back().end = span.end;
    return;
  }
  // Twice as many, so that what the smallest are is found out seldom.
  if (spans_.size() >= 2 * max_spans_) KeepLargest();
  spans_.push_back(span);
}

void MapsParser::KeepLargest() {
  if (spans_.size() <= max_spans_) return;
  dropped_ += spans_.size() - max_spans_;
  std::nth_element(spans_.begin(), spans_.begin() + static_cast<std::ptrdiff_t>(max_spans_), spans_.end(),
                   [](const AddressSpan& a, const AddressSpan& b) { return a.size() > b.size(); });
  spans_.resize(max_spans_);
  std::sort(spans_.begin(), spans_.end(), [](const AddressSpan& a, const AddressSpan& b) { return a.start < b.start; });
}

std::vector<AddressSpan> MapsParser::Finish() {
  if (line_size_ != 0) Line(std::string_view(line_.data(), std::exchange(line_size_, 0)));
  KeepLargest();
  end_ = 0;
  return std::exchange(spans_, {});
}

}  // namespace hypertier::agent
