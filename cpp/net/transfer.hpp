// One exchange carried out by libcurl, step by step: fork() has to wait for a step's end, never for the network.
#pragma once

#include "net/curl.hpp"

namespace authjwks::net {

class Transfer {
  public:
    Transfer();
    ~Transfer();
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    /// To set options on and ask for results; null when there is no memory for one.
    CURL* handle() const noexcept { return easy_.get(); }

    /// Does what the handle says, in at most the time set on it.
    CURLcode perform();

  private:
    Easy easy_;
    Multi multi_;
};

}  // namespace authjwks::net
