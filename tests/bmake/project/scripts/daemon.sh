# Goes on until somebody has opened the FIFO for writing, and closed it.
read -r line < "$1"
