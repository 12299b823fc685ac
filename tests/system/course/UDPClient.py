# The course's UDP client. Changed: valid quotes and bind(('', 0)); the server's port may be given.
from socket import *
from sys import argv
serverIP = '127.0.0.1'
serverPort = int(argv[1]) if len(argv) > 1 else 12000
clientSocket = socket(AF_INET, SOCK_DGRAM)
clientSocket.bind(('', 0))
message = input('Input lowercase sentence: ')
clientSocket.sendto(message.encode(), (serverIP, serverPort))
modifiedMessage, serverAddress = clientSocket.recvfrom(2048)
print (modifiedMessage.decode())
clientSocket.close()
