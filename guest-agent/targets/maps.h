// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// A file, also one without a name: each shared anonymous mapping and each System V segment is a file of its own.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend auto operator<=>(const FileId&, const FileId&) = default;
};

// Reads a text of /proc/PID/maps, piece by piece as the kernel gives it, and keeps the spans that are worth placing:
// memory whose pages belong to the process, not to a file on disk.
//
// In: private mappings without a file, whatever their name is (heaps, stacks, arenas of Go and Java); private writable
// mappings of files (data segments); shared memory (shared anonymous, System V, POSIX, memfd) as far as `admit` lets.
// Out: memory only reserved (no access at all), the page cache, hugetlbfs, devices, what the kernel maps ([vvar],
// [vdso], [vsyscall], [uprobes]).
//
// Spans with no whole chunk between them become one, as the classifier would make them. Needs no memory but the spans:
// a text of many megabytes costs time only. Lines that are not as they should be are passed over and counted.
class MapsParser {
 public:
  // Whether this part of shared memory, [offset, offset + size) of the file, is to be placed with this process.
  using AdmitShared = std::function<bool(FileId file, std::uint64_t offset, std::uint64_t size)>;

  // The classifier takes 1,024 areas of all processes together.
  static constexpr std::size_t kMaxSpans = 1024;

  explicit MapsParser(AdmitShared admit, std::size_t max_spans = kMaxSpans);

  void Feed(std::string_view piece);

  // The spans of all that was fed, sorted and disjoint; of more than max_spans the largest. The parser starts anew.
  std::vector<ranges::AddressSpan> Finish();

  // Lines that could not be understood, and spans that there was no room for, of all texts.
  std::uint64_t bad_lines() const { return bad_lines_; }
  std::uint64_t dropped_spans() const { return dropped_; }

 private:
  void Line(std::string_view line);
  void Add(ranges::AddressSpan span);
  void KeepLargest();

  const AdmitShared admit_;
  const std::size_t max_spans_;
  // The beginning of a line whose end has not come yet. Numbers and flags take at most 75 characters, and no name that
  // matters is longer than the rest: what does not fit is not looked at.
  std::array<char, 256> line_;
  std::size_t line_size_ = 0;
  std::vector<ranges::AddressSpan> spans_;
  ranges::Address end_ = 0;
  std::uint64_t bad_lines_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace hypertier::agent
