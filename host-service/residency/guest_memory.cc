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

template <typename Sized>
std::string SizesOf(const std::vector<Sized>& all) {
  std::string text;
  for (const Sized& one : all) {
    if (!text.empty()) text += ", ";
    text += FormatBytes(one.size);
  }
  return text.empty() ? "no size" : text;
}

template <typename Sized>
absl::Status NotFoundBySize(std::string_view what, const std::vector<Sized>& found, const Backends& backends) {
  return absl::FailedPreconditionError(
      fmt::format("its memory cannot be told apart by cell: cells of {}, but {} of {}; give the domain "
                  "<memoryBacking><source type='memfd'/> and cells of different size, then start it again",
                  SizesOf(backends), what, SizesOf(found)));
}

// Of `candidates`, in order of creation: for each backend the first of its size that no backend before it has taken.
template <typename Sized>
std::optional<std::vector<Sized>> TakeBySize(std::vector<Sized> candidates, const Backends& backends) {
  std::vector<Sized> taken;
  for (const domain::MemoryBackend& backend : backends) {
    const auto it = std::find_if(candidates.begin(), candidates.end(),
                                 [&](const Sized& candidate) { return candidate.size == backend.size; });
    if (it == candidates.end()) return std::nullopt;
    taken.push_back(*it);
    candidates.erase(it);
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

absl::StatusOr<std::vector<OpenFile>> MatchMemfds(const std::vector<OpenFile>& files, const Backends& backends) {
  std::vector<OpenFile> memfds;
  std::copy_if(files.begin(), files.end(), std::back_inserter(memfds),
               [](const OpenFile& file) { return file.link.starts_with(kMemfdPrefix); });
  std::sort(memfds.begin(), memfds.end(), [](const OpenFile& a, const OpenFile& b) { return a.fd < b.fd; });
  std::optional<std::vector<OpenFile>> taken = TakeBySize(memfds, backends);
  if (!taken) return NotFoundBySize("memfds", memfds, backends);
  return *std::move(taken);
}

absl::StatusOr<std::vector<OpenFile>> MatchRamFiles(const std::vector<OpenFile>& files, const Backends& backends) {
  std::vector<OpenFile> taken;
  for (const domain::MemoryBackend& backend : backends) {
    const std::string name = "/" + backend.name;
    const auto it = std::find_if(files.begin(), files.end(), [&](const OpenFile& file) {
      std::string_view link = file.link;
      if (link.ends_with(kDeleted)) link.remove_suffix(kDeleted.size());
      return link.ends_with(name);
    });
    if (it == files.end()) {
      return absl::FailedPreconditionError(
          fmt::format("its process has no file {} open; use <source type='memfd'/>", name));
    }
    if (it->size != backend.size) {
      return absl::FailedPreconditionError(
          fmt::format("the file {} has {} bytes, its cell has {}; start the domain again", it->link, it->size.count(),
                      backend.size.count()));
    }
    taken.push_back(*it);
  }
  return taken;
}

absl::StatusOr<std::vector<Mapping>> MatchAnonymous(const std::vector<Mapping>& mappings, const Backends& backends) {
  // Executable memory is the translator's of software emulation.
  std::vector<Mapping> candidates;
  for (const Mapping& mapping : mappings) {
    const bool of_a_backend = std::any_of(backends.begin(), backends.end(), [&](const domain::MemoryBackend& backend) {
      return backend.size == mapping.size;
    });
    if (of_a_backend && mapping.inode == 0 && mapping.writable && !mapping.executable) candidates.push_back(mapping);
  }
  std::sort(candidates.begin(), candidates.end(), [](const Mapping& a, const Mapping& b) { return a.begin > b.begin; });
  std::optional<std::vector<Mapping>> taken = TakeBySize(candidates, backends);
  if (!taken || candidates.size() != backends.size()) return NotFoundBySize("anonymous mappings", candidates, backends);
  return *std::move(taken);
}

absl::StatusOr<std::vector<Mapping>> MappingsOf(const std::vector<Mapping>& mappings,
                                                const std::vector<OpenFile>& files) {
  std::vector<Mapping> found;
  for (const OpenFile& file : files) {
    const auto at = std::find_if(mappings.begin(), mappings.end(), [&](const Mapping& mapping) {
      return mapping.inode == file.inode && mapping.size == file.size;
    });
    if (at == mappings.end()) {
      return absl::FailedPreconditionError(
          fmt::format("its process does not map {} ({}) in one piece", file.link, FormatBytes(file.size)));
    }
    found.push_back(*at);
  }
  return found;
}

absl::Status CheckShared(const std::vector<Mapping>& mappings, const std::vector<OpenFile>& files) {
  for (const OpenFile& file : files) {
    for (const Mapping& mapping : mappings) {
      if (mapping.inode != file.inode || mapping.size != file.size || !mapping.is_private) continue;
      return absl::FailedPreconditionError(
          fmt::format("{} ({}) is mapped private, so that the memory is not in it; give the domain "
                      "<memoryBacking><access mode='shared'/>, then start it again",
                      file.link, FormatBytes(file.size)));
    }
  }
  return absl::OkStatus();
}

}  // namespace hypertier
