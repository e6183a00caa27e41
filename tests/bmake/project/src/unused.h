#error "nobody includes this file"
