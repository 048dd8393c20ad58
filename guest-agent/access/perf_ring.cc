// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/perf_ring.h"

#include <linux/perf_event.h>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace hypertier::agent {
namespace {

static_assert(kPerfSampleType == (PERF_SAMPLE_TID | PERF_SAMPLE_ADDR | PERF_SAMPLE_PERIOD | PERF_SAMPLE_DATA_SRC));

// Bodies, in the order that perf_event_open(2) gives.
struct SampleBody {
  std::uint32_t pid;
  std::uint32_t tid;
  std::uint64_t address;
  std::uint64_t period;
  std::uint64_t source;
};
static_assert(sizeof(SampleBody) + sizeof(perf_event_header) == kPerfSampleBytes);
struct LostBody {
  std::uint64_t id;
  std::uint64_t lost;
};

perf_event_mmap_page* Control(void* memory) {
  return static_cast<perf_event_mmap_page*>(memory);
}

bool IsFirstLevel(std::uint64_t source) {
  perf_mem_data_src fields;
  fields.val = source;
  return fields.mem_lvl == (PERF_MEM_LVL_L1 | PERF_MEM_LVL_HIT);
}

}  // namespace

PerfRing::PerfRing(void* memory, std::size_t page_bytes, std::size_t data_bytes)
    : control_(memory), data_(static_cast<const std::byte*>(memory) + page_bytes), size_(data_bytes) {
  // Only we move the tail, so what the shared page says of it later does not matter.
  tail_ = head_ = Control(memory)->data_tail;
}

void PerfRing::Copy(std::uint64_t from, void* to, std::size_t bytes) const {
  const std::size_t at = static_cast<std::size_t>(from & (size_ - 1));
  const std::size_t first = std::min(bytes, size_ - at);
  std::memcpy(to, data_ + at, first);
  std::memcpy(static_cast<std::byte*>(to) + first, data_, bytes - first);
}

void PerfRing::GiveUp() {
  ++malformed_;
  tail_ = head_;
}

void PerfRing::Begin() {
  if (control_ == nullptr) return;
  // Pairs with the kernel's barrier: the records up to head are there.
  head_ = std::atomic_ref(Control(control_)->data_head).load(std::memory_order_acquire);
  filled_ = static_cast<std::size_t>(std::min<std::uint64_t>(head_ - tail_, size_));
  if (head_ - tail_ > size_) GiveUp();
}

void PerfRing::End() {
  if (control_ == nullptr) return;
  // Pairs with the kernel's: what was read has been read before it is written over.
  std::atomic_ref(Control(control_)->data_tail).store(tail_, std::memory_order_release);
}

bool PerfRing::Next(PerfRecord& record) {
  while (head_ - tail_ >= sizeof(perf_event_header)) {
    perf_event_header header;
    Copy(tail_, &header, sizeof header);
    if (header.size < sizeof header || header.size % 8 != 0 || header.size > head_ - tail_) break;
    const std::uint64_t body = tail_ + sizeof header;
    const std::size_t body_bytes = header.size - sizeof header;
    tail_ += header.size;
    record = {};
    switch (header.type) {
      case PERF_RECORD_SAMPLE: {
        SampleBody sample;
        if (body_bytes != sizeof sample) {
          ++malformed_;
          continue;
        }
        Copy(body, &sample, sizeof sample);
        record.pid = static_cast<pid_t>(sample.pid);
        record.address = sample.address;
        record.period = sample.period;
        record.first_level = IsFirstLevel(sample.source);
        return true;
      }
      case PERF_RECORD_LOST: {
        LostBody lost;
        if (body_bytes < sizeof lost) {
          ++malformed_;
          continue;
        }
        Copy(body, &lost, sizeof lost);
        record.kind = PerfRecord::Kind::kLost;
        record.lost = lost.lost;
        return true;
      }
      case PERF_RECORD_LOST_SAMPLES: {
        if (body_bytes < sizeof record.lost) {
          ++malformed_;
          continue;
        }
        Copy(body, &record.lost, sizeof record.lost);
        record.kind = PerfRecord::Kind::kLost;
        return true;
      }
      case PERF_RECORD_THROTTLE:
        record.kind = PerfRecord::Kind::kThrottle;
        return true;
      case PERF_RECORD_UNTHROTTLE:
        record.kind = PerfRecord::Kind::kUnthrottle;
        return true;
      default:
        continue;
    }
  }
  // The kernel writes whole records only: a rest is as wrong as a size is.
  if (head_ != tail_) GiveUp();
  return false;
}

}  // namespace hypertier::agent
