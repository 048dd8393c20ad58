// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/trace_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "common/unique_fd.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

constexpr std::size_t kChunkHead = 12;

}  // namespace

absl::Status TraceReader::Fill(std::string& bytes, std::size_t size) {
  bytes.resize(size);
  std::size_t have = 0;
  while (have < size) {
    const absl::StatusOr<std::size_t> got = source_(bytes.data() + have, size - have);
    if (!got.ok()) return got.status();
    if (*got == 0 || *got > size - have) break;
    have += *got;
  }
  bytes.resize(have);
  return absl::OkStatus();
}

absl::Status TraceReader::Damaged(const char* what) {
  ended_ = true;
  return absl::DataLossError(fmt::format("trace: {} at byte {}; what came before is good", what, offset_));
}

absl::StatusOr<TraceReader> TraceReader::Create(Source source) {
  TraceReader reader(std::move(source));
  std::string head;
  if (absl::Status status = reader.Fill(head, kTraceMagic.size() + 4); !status.ok()) return status;
  if (head.size() != kTraceMagic.size() + 4 || !head.starts_with(kTraceMagic)) {
    return absl::InvalidArgumentError("not a trace of accesses: make one with \"hypertier-agent record\"");
  }
  const std::uint64_t version = GetLittle(std::string_view(head).substr(kTraceMagic.size()));
  if (version != kTraceVersion) {
    return absl::InvalidArgumentError(
        fmt::format("a trace of version {}, this agent reads {}: record it anew", version, kTraceVersion));
  }
  reader.offset_ = head.size();
  return reader;
}

absl::StatusOr<TraceReader> TraceReader::Open(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, path, "open");
  // std::function wants what can be copied.
  const auto shared = std::make_shared<UniqueFd>(std::move(fd));
  return Create([shared, path](char* to, std::size_t size) -> absl::StatusOr<std::size_t> {
    ssize_t count = 0;
    do {
      count = read(shared->get(), to, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return ErrnoStatus(errno, path, "read");
    return static_cast<std::size_t>(count);
  });
}

absl::StatusOr<bool> TraceReader::Next(TraceEvent& event) {
  while (!ended_) {
    std::string head;
    if (absl::Status status = Fill(head, kChunkHead); !status.ok()) return status;
    if (head.size() < kChunkHead) return Damaged("cut off");
    const auto kind = static_cast<std::uint32_t>(GetLittle(std::string_view(head).substr(0, 4)));
    const std::uint64_t size = GetLittle(std::string_view(head).substr(4, 4));
    if (size > kMaxTraceChunk) return Damaged("a chunk that is too long");
    std::string payload;
    if (absl::Status status = Fill(payload, size); !status.ok()) return status;
    if (payload.size() < size) return Damaged("cut off");
    if (TraceChecksum(kind, payload) != GetLittle(std::string_view(head).substr(8, 4))) {
      return Damaged("a wrong checksum");
    }
    event.kind = static_cast<TraceKind>(kind);
    // Of a later agent.
    const bool known = kind >= 1 && kind <= static_cast<std::uint32_t>(TraceKind::kEnd);
    if (known && !DecodeTracePayload(payload, event)) return Damaged("a malformed chunk");
    offset_ += kChunkHead + size;
    if (!known) continue;
    if (event.kind == TraceKind::kEnd) break;
    if (event.time < time_) return Damaged("time that goes back");
    time_ = event.time;
    return true;
  }
  ended_ = true;
  return false;
}

}  // namespace hypertier::agent
