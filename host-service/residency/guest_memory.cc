// SPDX-License-Identifier: Apache-2.0
#include "host-service/residency/guest_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/text.h"

namespace hypertier {
namespace {

constexpr std::string_view kMemfdPrefix = "/memfd:";
constexpr std::string_view kDeleted = " (deleted)";

// Takes the next word off `text`.
std::string_view NextWord(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

bool ParseHex(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

// "7f0000000000-7f0004000000 rw-s 00000000 00:01 28    /memfd:..."
std::optional<Mapping> ParseMapping(std::string_view line) {
  const std::string_view range = NextWord(line);
  const std::size_t dash = range.find('-');
  Mapping mapping;
  std::uint64_t end = 0;
  if (dash == std::string_view::npos || !ParseHex(range.substr(0, dash), mapping.begin) ||
      !ParseHex(range.substr(dash + 1), end) || end < mapping.begin) {
    return std::nullopt;
  }
  const std::string_view permissions = NextWord(line);
  NextWord(line);  // offset
  NextWord(line);  // device
  const std::optional<std::uint64_t> inode = ParseUint64(NextWord(line));
  if (permissions.size() != 4 || !inode) return std::nullopt;
  mapping.size = Bytes(end - mapping.begin);
  mapping.writable = permissions[1] == 'w';
  mapping.executable = permissions[2] == 'x';
  mapping.is_private = permissions[3] == 'p';
  mapping.inode = *inode;
  return mapping;
}

absl::Status NotFoundBySize(std::string_view what, std::string_view sizes, const PerTier<Bytes>& cells) {
  return absl::FailedPreconditionError(
      fmt::format("its memory cannot be told apart by cell: cells of {} and {}, but {} of {}; give the domain "
                  "<memoryBacking><source type='memfd'/> and cells of different size, then start it again",
                  FormatBytes(cells.fmem()), FormatBytes(cells.smem()), what, sizes.empty() ? "no size" : sizes));
}

template <typename Sized>
std::string SizesOf(const std::vector<Sized>& all) {
  std::string text;
  for (const Sized& one : all) {
    if (!text.empty()) text += ", ";
    text += FormatBytes(one.size);
  }
  return text;
}

// Of `candidates`, in order of creation: the first of each cell's size, the second where both cells have the same size.
template <typename Sized>
std::optional<PerTier<Sized>> TakeBySize(const std::vector<Sized>& candidates, const PerTier<Bytes>& cells) {
  PerTier<Sized> taken;
  auto fmem = candidates.end();
  for (const TierId tier : kTiers) {
    auto it = candidates.begin();
    while (it != candidates.end() && (it->size != cells[tier] || it == fmem)) ++it;
    if (it == candidates.end()) return std::nullopt;
    if (tier == TierId::kFmem) fmem = it;
    taken[tier] = *it;
  }
  return taken;
}

}  // namespace

std::vector<Mapping> ParseMappings(std::string_view text) {
  std::vector<Mapping> mappings;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("Rss:")) {
      NextWord(line);
      const std::optional<std::uint64_t> kib = ParseUint64(NextWord(line));
      if (kib && !mappings.empty()) mappings.back().resident = Bytes::KiB(*kib);
    } else if (!line.empty() && line.front() >= '0' && line.front() <= 'f' &&
               (line.front() <= '9' || line.front() >= 'a')) {
      if (const std::optional<Mapping> mapping = ParseMapping(line)) mappings.push_back(*mapping);
    }
  }
  return mappings;
}

absl::StatusOr<PerTier<OpenFile>> MatchMemfds(const std::vector<OpenFile>& files, const PerTier<Bytes>& cells) {
  std::vector<OpenFile> memfds;
  std::copy_if(files.begin(), files.end(), std::back_inserter(memfds),
               [](const OpenFile& file) { return file.link.starts_with(kMemfdPrefix); });
  std::sort(memfds.begin(), memfds.end(), [](const OpenFile& a, const OpenFile& b) { return a.fd < b.fd; });
  std::optional<PerTier<OpenFile>> taken = TakeBySize(memfds, cells);
  if (!taken) return NotFoundBySize("memfds", SizesOf(memfds), cells);
  return *std::move(taken);
}

absl::StatusOr<PerTier<OpenFile>> MatchRamFiles(const std::vector<OpenFile>& files, const PerTier<Bytes>& cells) {
  PerTier<OpenFile> taken;
  for (const TierId tier : kTiers) {
    const std::string name = fmt::format("/ram-node{}", static_cast<unsigned>(tier));
    const auto it = std::find_if(files.begin(), files.end(), [&](const OpenFile& file) {
      std::string_view link = file.link;
      if (link.ends_with(kDeleted)) link.remove_suffix(kDeleted.size());
      return link.ends_with(name);
    });
    if (it == files.end()) {
      return absl::FailedPreconditionError(
          fmt::format("its process has no file {} open; use <source type='memfd'/>", name));
    }
    if (it->size != cells[tier]) {
      return absl::FailedPreconditionError(
          fmt::format("the file {} has {} bytes, its cell has {}; start the domain again", it->link, it->size.count(),
                      cells[tier].count()));
    }
    taken[tier] = *it;
  }
  return taken;
}

absl::StatusOr<PerTier<Mapping>> MatchAnonymous(const std::vector<Mapping>& mappings, const PerTier<Bytes>& cells) {
  // Executable memory is the translator's of software emulation.
  std::vector<Mapping> candidates;
  for (const Mapping& mapping : mappings) {
    const bool of_a_cell = mapping.size == cells.fmem() || mapping.size == cells.smem();
    if (of_a_cell && mapping.inode == 0 && mapping.writable && !mapping.executable) candidates.push_back(mapping);
  }
  std::sort(candidates.begin(), candidates.end(), [](const Mapping& a, const Mapping& b) { return a.begin > b.begin; });
  const std::optional<PerTier<Mapping>> taken = TakeBySize(candidates, cells);
  if (!taken || candidates.size() != 2) return NotFoundBySize("anonymous mappings", SizesOf(candidates), cells);
  return *taken;
}

absl::StatusOr<PerTier<Mapping>> MappingsOf(const std::vector<Mapping>& mappings, const PerTier<OpenFile>& files) {
  PerTier<Mapping> found;
  for (const TierId tier : kTiers) {
    const auto at = std::find_if(mappings.begin(), mappings.end(), [&](const Mapping& mapping) {
      return mapping.inode == files[tier].inode && mapping.size == files[tier].size;
    });
    if (at == mappings.end()) {
      return absl::FailedPreconditionError(
          fmt::format("its process does not map the file of its {} in one piece", TierName(tier)));
    }
    found[tier] = *at;
  }
  return found;
}

absl::Status CheckShared(const std::vector<Mapping>& mappings, const PerTier<OpenFile>& files) {
  for (const TierId tier : kTiers) {
    for (const Mapping& mapping : mappings) {
      if (mapping.inode != files[tier].inode || mapping.size != files[tier].size || !mapping.is_private) continue;
      return absl::FailedPreconditionError(
          fmt::format("the file of its {} is mapped private, so the memory is not in it; give the domain "
                      "<memoryBacking><access mode='shared'/>, then start it again",
                      TierName(tier)));
    }
  }
  return absl::OkStatus();
}

}  // namespace hypertier
