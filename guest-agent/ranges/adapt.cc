// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/adapt.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "guest-agent/ranges/cuts.h"

namespace hypertier::ranges {
namespace {

struct Proposal {
  ProcessId process;
  Address start = 0;
  Cuts cuts;
  // Accesses a second.
  double gain = 0;
};

// Most to gain first; the rest only makes the order total.
bool MoreGain(const Proposal& a, const Proposal& b) {
  return std::tuple(-a.gain, a.process, a.start) < std::tuple(-b.gain, b.process, b.start);
}

std::vector<Boundary> AlikeNeighbours(const RangeSet& ranges, const Options& options, double total, double usual) {
  const double negligible = total / (16.0 * static_cast<double>(ranges.budget()));
  std::vector<Boundary> boundaries;
  const Range* last = nullptr;
  Evidence run;
  ranges.ForEach([&](const Range& range) {
    const Evidence evidence = RateEvidence(range, ranges.decay(), usual);
    const bool neighbours = last != nullptr && last->process == range.process && last->end == range.start;
    last = &range;
    if (neighbours) {
      const bool few = (run + evidence).samples() < options.merge_samples &&
                       StandardErrors(run, evidence) < options.merge_confidence;
      // What is at stake may be more than it looks.
      const double unseen =
          options.merge_confidence * StandardError(run, evidence) * std::min(run.pages, evidence.pages);
      const double loss = Contrast(run, evidence);
      if (few || loss + unseen < negligible) {
        boundaries.push_back({loss, range.process, range.start});
        run = run + evidence;
        return;
      }
    }
    run = evidence;
  });
  return boundaries;
}

// Chooses which of `proposals` to carry out, and boundaries to remove so that there is room for them.
class Market {
 public:
  explicit Market(RangeSet& ranges) : ranges_(ranges), room_(ranges.room()) {}

  // Whether `proposal` can have its cuts.
  bool Admit(const Proposal& proposal) {
    const std::pair range{proposal.process, proposal.start};
    if (touched_.contains(range)) return false;
    touched_.insert(range);
    while (room_ < proposal.cuts.count) {
      if (!Sell(proposal.gain / 2)) {
        touched_.erase(range);
        return false;
      }
    }
    room_ -= proposal.cuts.count;
    return true;
  }

  // The boundaries to remove, each between two ranges that are not split.
  std::vector<Boundary> TakeSold() { return std::move(sold_); }

 private:
  bool Sell(double price) {
    if (!listed_) {
      boundaries_ = ranges_.Boundaries();
      std::sort(boundaries_.begin(), boundaries_.end());
      listed_ = true;
    }
    for (; next_ < boundaries_.size() && boundaries_[next_].loss < price; ++next_) {
      const Boundary& boundary = boundaries_[next_];
      const std::pair left{boundary.process, ranges_.Find(boundary.process, boundary.at - 1)->start};
      const std::pair right{boundary.process, boundary.at};
      // A range takes part in one change a round: its figures hold for one.
      if (touched_.contains(left) || touched_.contains(right)) continue;
      touched_.insert({left, right});
      sold_.push_back(boundary);
      ++next_;
      ++room_;
      return true;
    }
    return false;
  }

  RangeSet& ranges_;
  std::size_t room_;
  bool listed_ = false;
  std::vector<Boundary> boundaries_;
  std::size_t next_ = 0;
  std::vector<Boundary> sold_;
  std::set<std::pair<ProcessId, Address>> touched_;
};

}  // namespace

Adapted Adapt(RangeSet& ranges, const Options& options, double usual_sample) {
  Adapted adapted;
  double total = 0;
  ranges.ForEach([&](const Range& range) { total += Rate(range, ranges.decay()); });

  std::vector<Boundary> alike = AlikeNeighbours(ranges, options, total, usual_sample);
  adapted.joined = alike.size();
  ranges.Join(std::move(alike));

  const double min_gain = total / (4.0 * static_cast<double>(ranges.budget()));
  const double worth_a_look = total / (2.0 * static_cast<double>(ranges.budget()));
  std::vector<Proposal> cuts;
  std::vector<Proposal> looks;
  ranges.ForEach([&](const Range& range) {
    const double rate = Rate(range, ranges.decay());
    if (!(rate > 0)) return;
    Proposal proposal{range.process, range.start, FindCuts(range, options, min_gain / rate), 0};
    proposal.gain = proposal.cuts.gain * rate;
    if (proposal.cuts.count > 0) {
      cuts.push_back(proposal);
      return;
    }
    proposal.cuts = LookCloser(range, options, worth_a_look / rate);
    proposal.gain = rate;
    if (proposal.cuts.count > 0) looks.push_back(proposal);
  });
  std::sort(cuts.begin(), cuts.end(), MoreGain);
  std::sort(looks.begin(), looks.end(), MoreGain);

  Market market(ranges);
  std::vector<Proposal> admitted;
  for (const Proposal& proposal : cuts) {
    if (!market.Admit(proposal)) continue;
    admitted.push_back(proposal);
    adapted.split += proposal.cuts.count;
  }
  std::vector<Boundary> sold = market.TakeSold();
  adapted.sacrificed = sold.size();
  ranges.Join(std::move(sold));
  for (const Proposal& proposal : admitted) {
    ranges.Split(proposal.process, proposal.start, proposal.cuts.span(), ranges.decay().now());
  }
  // Where boundaries had to go there is no room to look closer.
  if (adapted.sacrificed > 0) return adapted;
  const std::size_t most = ranges.budget() / 4 * 3;
  for (const Proposal& proposal : looks) {
    if (ranges.size() + proposal.cuts.count > most) continue;
    // The parts are as well known as the whole, so they are not held back.
    const Time born = ranges.Find(proposal.process, proposal.start)->born;
    ranges.Split(proposal.process, proposal.start, proposal.cuts.span(), born);
    adapted.looked += proposal.cuts.count;
  }
  return adapted;
}

}  // namespace hypertier::ranges
