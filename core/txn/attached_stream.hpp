#pragma once

#include "core/txn/write_stream.hpp"
#include "core/txn/writer_handle.hpp"

#include <cstdint>
#include <memory>

namespace loadstar::txn {

/// The stream that services hold: hops to the writer's strand for each call that comes from
/// elsewhere. Thread-safe.
class AttachedStream final : public WriteStream {
 public:
  /// `stream`: the number that the writer gave this stream when it was attached.
  AttachedStream(std::shared_ptr<WriterHandle> writer, std::uint64_t stream, Opened opened);
  ~AttachedStream() override;

  [[nodiscard]] const Opened& opened() const override { return opened_; }
  [[nodiscard]] asio::any_io_executor executor() const override { return writer_->strand(); }
  asio::awaitable<Answer<Done>> append(SliceList message) override;
  void half_close() override;
  void disconnect() override;
  asio::awaitable<StreamEvent> next_event() override;

 private:
  std::shared_ptr<WriterHandle> writer_;
  std::uint64_t stream_;
  Opened opened_;
};

}  // namespace loadstar::txn
