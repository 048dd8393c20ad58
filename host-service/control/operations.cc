// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hypertier::control {

std::string OperationBook::NextId(absl::Time wall) {
  const std::int64_t micros = std::max<std::int64_t>(absl::ToUnixMicros(wall), 0);
  last_id_ = std::max(last_id_ + 1, static_cast<std::uint64_t>(micros));
  return fmt::format("{:016x}", last_id_);
}

OperationPtr OperationBook::Find(const std::string& id) const {
  const auto at = operations_.find(id);
  return at == operations_.end() ? nullptr : at->second.operation;
}

void OperationBook::Put(Operation operation, absl::Duration forget_at) {
  const std::string& id = operation.record.id;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number, 16);
  if (error == std::errc() && end == id.data() + id.size()) last_id_ = std::max(last_id_, number);

  Entry& entry = operations_[id];
  OperationPtr& slot = entry.operation;
  const bool was_running = slot != nullptr && !Ended(slot->record.state);
  const bool is_running = !Ended(operation.record.state);
  if (!was_running && is_running) ++counts_.running;
  if (was_running && !is_running) {
    --counts_.running;
    switch (operation.record.state) {
      case OperationRecord::State::kSucceeded:
        ++counts_.succeeded;
        break;
      case OperationRecord::State::kCancelled:
        ++counts_.cancelled;
        break;
      default:
        ++counts_.failed;
    }
  }
  slot = std::make_shared<const Operation>(std::move(operation));
  entry.forget_at = forget_at;
  changed_ = true;
}

std::size_t OperationBook::Forget(absl::Duration now, std::size_t most) {
  const std::size_t size_before = operations_.size();
  std::size_t ended = 0;
  for (auto at = operations_.begin(); at != operations_.end();) {
    const bool forget = Ended(at->second.operation->record.state) && (at->second.forget_at <= now || ++ended > most);
    at = forget ? operations_.erase(at) : std::next(at);
  }
  if (operations_.size() != size_before) changed_ = true;
  return size_before - operations_.size();
}

std::shared_ptr<const std::vector<OperationPtr>> OperationBook::View() {
  if (changed_) {
    auto view = std::make_shared<std::vector<OperationPtr>>();
    view->reserve(operations_.size());
    for (const auto& [id, entry] : operations_) view->push_back(entry.operation);
    view_ = std::move(view);
    changed_ = false;
  }
  return view_;
}

std::string_view OperationStateName(OperationRecord::State state) {
  switch (state) {
    case OperationRecord::State::kPending:
      return "pending";
    case OperationRecord::State::kRunning:
      return "running";
    case OperationRecord::State::kSucceeded:
      return "succeeded";
    case OperationRecord::State::kFailed:
      return "failed";
    case OperationRecord::State::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace hypertier::control
