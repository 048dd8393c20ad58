// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/trace_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

// Room that is kept for the mark of the end.
constexpr std::uint64_t kEndBytes = 12;

}  // namespace

absl::StatusOr<TraceWriter> TraceWriter::Create(const std::string& path, Bytes most) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return ErrnoStatus(errno, path, "create");
  if (fchmod(fd.get(), 0600) != 0) return ErrnoStatus(errno, path, "protect");
  TraceWriter writer(std::move(fd), path, most);
  std::string head(kTraceMagic);
  PutLittle(head, kTraceVersion, 4);
  if (absl::Status status = writer.WriteBytes(head); !status.ok()) return status;
  return writer;
}

absl::Status TraceWriter::WriteBytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, path_, "write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
    written_ += static_cast<std::uint64_t>(count);
  }
  return absl::OkStatus();
}

absl::Status TraceWriter::WriteEvent(const TraceEvent& event) {
  const std::string chunk = EncodeTraceChunk(event);
  const std::uint64_t after = event.kind == TraceKind::kEnd ? 0 : kEndBytes;
  if (written_ + chunk.size() + after > most_.count()) {
    return absl::ResourceExhaustedError(
        fmt::format("{}: the trace would be longer than {} bytes: allow more or record less", path_, most_.count()));
  }
  return WriteBytes(chunk);
}

absl::Status TraceWriter::WriteProcesses(std::chrono::nanoseconds time, const TargetTable& targets) {
  TraceEvent event;
  event.time = time;
  for (auto known = known_.begin(); known != known_.end();) {
    if (targets.Find(known->first) != nullptr) {
      ++known;
      continue;
    }
    event.kind = TraceKind::kGone;
    event.process = known->first;
    if (absl::Status status = WriteEvent(event); !status.ok()) return status;
    known = known_.erase(known);
  }
  event.kind = TraceKind::kProcess;
  for (const auto& [id, target] : targets.all()) {
    const auto [known, is_new] = known_.try_emplace(id);
    if (!is_new && known->second.mappings == target.mappings && known->second.command == target.command) continue;
    event.process = id;
    event.command = target.command;
    event.mappings = target.mappings;
    if (absl::Status status = WriteEvent(event); !status.ok()) return status;
    known->second = {target.command, target.mappings};
  }
  return absl::OkStatus();
}

absl::Status TraceWriter::Write(ranges::Time now, const TargetTable& targets, std::span<const ranges::Sample> samples) {
  if (!start_) start_ = last_ = now;
  last_ = std::max(last_, now);
  const std::chrono::nanoseconds time = last_ - *start_;
  if (absl::Status status = WriteProcesses(time, targets); !status.ok()) return status;
  // A sample takes at most 8 + 30 bytes, so this many stay below kMaxTraceChunk.
  constexpr std::size_t kSamplesAChunk = 16384;
  while (!samples.empty()) {
    const auto some = samples.first(std::min(samples.size(), kSamplesAChunk));
    samples = samples.subspan(some.size());
    TraceEvent event;
    event.kind = TraceKind::kSamples;
    event.time = time;
    event.samples.assign(some.begin(), some.end());
    if (absl::Status status = WriteEvent(event); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status TraceWriter::Finish() {
  return WriteEvent(TraceEvent{});
}

}  // namespace hypertier::agent
