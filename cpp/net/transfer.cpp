#include "net/transfer.hpp"

#include "crypto/fork_safe_section.hpp"

namespace authjwks::net {
namespace {

/// libcurl wakes up by itself at its own timeouts; at least once a second it has to check whether to stop.
constexpr int kMaxPollMilliseconds = 1000;

}  // namespace

Transfer::Transfer() {
    const crypto::ForkSafeSection section;
    easy_.reset(curl().easy_init());
    multi_.reset(curl().multi_init());
    if (!easy_ || !multi_ || curl().multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) easy_.reset();
}

/// Frees the state of TLS.
Transfer::~Transfer() {
    const crypto::ForkSafeSection section;
    if (easy_) curl().multi_remove_handle(multi_.get(), easy_.get());
    easy_.reset();
    multi_.reset();
}

CURLcode Transfer::perform() {
    for (int running = 1; running > 0;) {
        {
            const crypto::ForkSafeSection section;
            if (curl().multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
        }
        if (running > 0 && curl().multi_poll(multi_.get(), nullptr, 0, kMaxPollMilliseconds, nullptr) != CURLM_OK)
            return CURLE_FAILED_INIT;
    }
    int left = 0;
    const CURLMsg* const done = curl().multi_info_read(multi_.get(), &left);
    return done != nullptr ? done->data.result : CURLE_FAILED_INIT;
}

}  // namespace authjwks::net
