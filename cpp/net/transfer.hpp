// One exchange carried out by libcurl, step by step, so that fork() waits for the end of one step and never for the
// network.
#pragma once

#include "net/curl.hpp"

namespace authjwks::net {

class Transfer {
  public:
    Transfer();
    ~Transfer();
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    /// For setting options and reading results; null when out of memory.
    CURL* handle() const noexcept { return easy_.get(); }

    /// Performs the transfer that the handle describes, within the timeout set on it.
    CURLcode perform();

  private:
    Easy easy_;
    Multi multi_;
};

}  // namespace authjwks::net
