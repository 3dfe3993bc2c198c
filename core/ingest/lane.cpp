#include "core/ingest/lane.hpp"

namespace loadstar::ingest {

SliceList join_payloads(PayloadKind kind, const std::vector<const SliceList*>& payloads) {
  SliceList body;
  for (const SliceList* payload : payloads) {
    if (payload->empty()) continue;  // a batch of skipped rows only
    if (kind == PayloadKind::kJsonArray) body.append(Slice::from_static(body.empty() ? "[" : ","));
    body.append(*payload);
  }
  if (kind == PayloadKind::kJsonArray && !body.empty()) body.append(Slice::from_static("]"));
  return body;
}

}  // namespace loadstar::ingest
