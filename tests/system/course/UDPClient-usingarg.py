# The course's task "UDP using arguments", client side, written after its screenshot: the port to
# bind and the message. The server's port may be given as a third argument.
from socket import *
from sys import argv
serverIP = '127.0.0.1'
serverPort = int(argv[3]) if len(argv) > 3 else 12000
clientSocket = socket(AF_INET, SOCK_DGRAM)
clientSocket.bind(('', int(argv[1])))
message = argv[2]
clientSocket.sendto(message.encode(), (serverIP, serverPort))
modifiedMessage, serverAddress = clientSocket.recvfrom(2048)
print (modifiedMessage.decode())
clientSocket.close()
